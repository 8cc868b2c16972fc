import { FAILURES, type Failure } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { type Operation, type OperationFailure, operationFailure } from "./operation.ts";

/** Takes a token of the caller for an operation; a failure when there is none. */
export type AdmitOperation = (caller: Caller, operation: string) => Failure | undefined;

/**
 * The same operation under the rate limit of its caller, over REST and as a tool alike. One that calls tools is not counted by
 * itself, because each of its calls is.
 */
export function rateLimited(operation: Operation, admit: AdmitOperation): Operation {
  if (operation.openWorld === true) return operation;
  return {
    ...operation,
    async perform(input, context) {
      const refusal = admit(context.caller, operation.id);
      return refusal === undefined ? operation.perform(input, context) : rateLimitFailure(refusal);
    },
  };
}

/** The failure of an operation that the rate limit refuses. */
export function rateLimitFailure({ code, message, retryAfterMs = 0 }: Failure): OperationFailure {
  const details = { retry_after_ms: Math.ceil(retryAfterMs) };
  return {
    ...operationFailure(code, FAILURES[code].httpStatus, message),
    retryAfterS: Math.ceil(retryAfterMs / 1_000),
    details,
  };
}
