import { shortText } from "@mcp-hangar/telemetry";
import type { ToolCall } from "./call.ts";
import { type Failure, failure } from "./errors.ts";
import type { RelayedTask } from "./tasks/relayed-task.ts";

/** The same words for a tool that does not exist, one that the policy hides, and a server that does not exist. */
export function unknownTool(call: ToolCall): Failure {
  return failure("unknown_tool", `unknown tool "${shortName(call.tool)}" of server "${shortName(call.server)}"`);
}

/** A tool that works in the background only, called by somebody who waits for its answer. */
export function taskOnly(call: ToolCall): Failure {
  const message = `"${shortName(call.tool)}" can be called as a task only, by a client of revision 2025-11-25 that uses tasks`;
  return failure("invalid_request", `${message}; there are none in batches`);
}

/** A question about a task whose session is not there any more. */
export function taskIsGone({ server }: RelayedTask): Failure {
  return { ...failure("connection", `server "${server.id}" has ended, and this task with it`), maybeExecuted: true };
}

/** A prompt or resource that the rules of its server hide, or that it does not have. */
export function hiddenItem(
  { server, method }: { readonly server: string; readonly method: string },
  name: string,
): Failure {
  return failure("invalid_request", `${method}: server "${shortName(server)}" offers no "${shortName(name)}"`);
}

/** A defect of the gateway. Where it happened is unknown, so it may have been after the request was sent. */
export function unexpected(error: unknown): Failure {
  return {
    ...failure("internal", "unexpected failure in the gateway"),
    diagnosis: `unexpected failure in the gateway: ${String(error)}`,
    maybeExecuted: true,
  };
}

/** Characters of a name that a message repeats: a caller can type megabytes. */
const NAME_CHARS_MAX = 200;

export function shortName(name: string): string {
  return shortText(name, NAME_CHARS_MAX);
}
