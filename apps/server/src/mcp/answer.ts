import {
  type CallResult,
  FAILURES,
  type Failure,
  failure,
  isRetryable,
  type JsonObject,
  type JsonRpcErrorObject,
  type JsonValue,
  ResultPayload,
  RPC,
} from "@mcp-hangar/core";
import { redactText } from "@mcp-hangar/telemetry";

/** What a client gets for one request. */
export type Answer =
  | { readonly kind: "result"; readonly result: ResultPayload }
  /** `httpStatus` is that of the modern era; errors of a method's own are 200, whatever their code. */
  | { readonly kind: "error"; readonly error: JsonRpcErrorObject; readonly httpStatus: number };

/** Characters of an upstream's error message that its caller gets: some put a whole stack trace there. */
const ERROR_CHARS_MAX = 65_536;

export function resultAnswer(value: JsonObject): Answer {
  return { kind: "result", result: ResultPayload.ofValue(value) };
}

export function errorAnswer(code: number, message: string, data?: JsonValue, httpStatus = 200): Answer {
  const error = data === undefined ? { code, message } : { code, message, data };
  return { kind: "error", error, httpStatus };
}

/** The edge where failures become protocol errors: once, by the one table. */
export function answerOf(result: CallResult): Answer {
  switch (result.kind) {
    case "result":
      return result;
    case "error":
      // Two codes of the upstream speak about our hop, not the client's; as they stand they would mislead the client.
      if (result.error.code === RPC.headerMismatch || result.error.code === RPC.unsupportedVersion) {
        const message = `the server refused the gateway's request: ${redactText(result.error.message)}`;
        return errorAnswer(RPC.internalError, message, { upstream_code: result.error.code });
      }
      return { ...withoutKnownSecrets(result), httpStatus: result.error.code === RPC.missingCapability ? 400 : 200 };
    case "failure": {
      const { rpcCode } = FAILURES[result.code];
      const retryAfter = result.retryAfterMs === undefined ? {} : { retry_after_ms: Math.ceil(result.retryAfterMs) };
      // Messages may quote what a server wrote to its stderr, and callers are not its operators.
      return errorAnswer(rpcCode, redactText(result.message), {
        error_type: result.code,
        retryable: isRetryable(result),
        may_have_run: result.maybeExecuted,
        ...retryAfter,
      });
    }
  }
}

/** The error is the upstream's own, as it came, but for what the gateway keeps secret: what a server was given may stand in it. */
function withoutKnownSecrets(answer: Extract<CallResult, { kind: "error" }>): Extract<CallResult, { kind: "error" }> {
  const message = redactText(answer.error.message, ERROR_CHARS_MAX);
  return message === answer.error.message ? answer : { kind: "error", error: { ...answer.error, message } };
}

/** How long a client should wait before it tries another gateway, or this one when it is back, in ms. */
const COME_BACK_MS = 1_000;

/** Why nothing more is done when the gateway ends. A tool may have done its work already. */
export const ENDING: Failure = {
  ...failure("connection", "the gateway is shutting down before this was answered; send it again", COME_BACK_MS),
  maybeExecuted: true,
};

/** The answer to what still runs, or comes, when the gateway ends. */
export const SHUTTING_DOWN: Answer = answerOf(ENDING);

/** The answer in the place of one that finds no room beside those that the caller leaves unread. */
export const NO_ROOM_FOR_ANSWER: Answer = answerOf({
  ...failure(
    "overloaded",
    "there is an answer, but no room to hold it: this caller, or all together, leave too many bytes unread " +
      "(http.max_buffered_bytes_per_caller, http.max_buffered_bytes); read what you have asked for, then try again",
    5_000,
  ),
  maybeExecuted: true,
});
