import type { IncomingMessage } from "node:http";
import { shortText } from "@mcp-hangar/telemetry";

/** Characters of what a client says of itself: records keep it for as long as they last. */
const USER_AGENT_CHARS_MAX = 200;

/** What the client of a request calls itself, cut to 200 characters; `undefined` when it does not say. */
export function userAgentOf({ headers }: IncomingMessage): string | undefined {
  const text = headers["user-agent"];
  return text === undefined ? undefined : shortText(text, USER_AGENT_CHARS_MAX);
}
