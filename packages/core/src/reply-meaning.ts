import type { LateVerdict, Verdict } from "./admission.ts";
import type { CallResult } from "./call.ts";
import { failure } from "./errors.ts";
import type { ManagedServer } from "./lifecycle/managed-server.ts";
import type { UpstreamFailure, UpstreamReply } from "./transports/session.ts";

/** What a reply of a server is for the caller: its result, its own error, or the failure of the gateway that it means. */
export function resultOf(reply: UpstreamReply, server: ManagedServer): CallResult {
  if (reply.kind !== "failed") return reply;
  const { maybeExecuted, diagnosis, answered, retryAfterMs } = reply;
  if (reply.errorType === "aborted") {
    return { ...failure("cancelled", "the caller cancelled the request"), maybeExecuted };
  }
  const refused = failure(reply.errorType, `server "${server.id}": ${reply.message}`, retryAfterMs);
  return {
    ...refused,
    maybeExecuted,
    ...(answered && { answered }),
    ...(diagnosis !== undefined && { diagnosis: `server "${server.id}": ${diagnosis}` }),
  };
}

/**
 * What a reply to a request that was sent at `sentMs` says about the server. An answer, even an error, shows a live one; a caller
 * who left says nothing about it. Nor does a deadline that gave the server less than half of its own timeout, or during which it
 * answered others: one impatient caller, or one tool that hangs, must not open the breaker for everybody. Where there were no
 * others, the server is asked for a sign of life.
 */
export function verdictOf(reply: UpstreamReply, sentMs: number, { signs }: ManagedServer): LateVerdict {
  if (reply.kind !== "failed" || reply.answered) signs.answered();
  if (reply.kind !== "failed") return "success";
  return reply.errorType === "aborted" ? signs.verdictOfSilence(sentMs) : verdictOfFailure(reply);
}

/** A server that refuses a request is alive, and one that asks for patience says nothing about how it is. */
export function verdictOfFailure({ errorType, answered }: UpstreamFailure): Verdict {
  if (!answered) return "failure";
  return errorType === "overloaded" ? "neutral" : "success";
}
