import { FAILURES, type Failure } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { type OperationFailure, operationFailure } from "./operation.ts";

/** Takes a token of the caller for an operation, over REST and as a tool alike; a failure when there is none. */
export type AdmitOperation = (caller: Caller) => Failure | undefined;

/** The failure of an operation that the rate limit refuses. */
export function rateLimitFailure({ code, message, retryAfterMs = 0 }: Failure): OperationFailure {
  const details = { retry_after_ms: Math.ceil(retryAfterMs) };
  return {
    ...operationFailure(code, FAILURES[code].httpStatus, message),
    retryAfterS: Math.ceil(retryAfterMs / 1_000),
    details,
  };
}
