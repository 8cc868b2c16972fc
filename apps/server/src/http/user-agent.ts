import type { IncomingMessage } from "node:http";

/** Characters of what a client says of itself: records keep it for as long as they last. */
const USER_AGENT_CHARS_MAX = 200;

/** What the client of a request calls itself, cut to 200 characters; `undefined` when it does not say. */
export function userAgentOf({ headers }: IncomingMessage): string | undefined {
  return headers["user-agent"]?.slice(0, USER_AGENT_CHARS_MAX);
}
