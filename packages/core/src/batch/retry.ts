import type { CallResult } from "../call.ts";
import type { ListItems } from "../catalog/lists.ts";
import { FAILURES, type Failure } from "../errors.ts";
import { isJsonObject, RPC } from "../protocol/json-rpc.ts";
import { type BackoffLimits, backoffMs } from "../resilience/backoff.ts";

/** The first wait is about as long as a short overload; none is longer than what a caller would sit out. */
const BACKOFF: BackoffLimits = { baseMs: 100, maxMs: 5_000 };

/** Errors that say the request itself is wrong: the same request is wrong again. */
const REQUEST_AT_FAULT: ReadonlySet<number> = new Set([
  RPC.parseError,
  RPC.invalidRequest,
  RPC.methodNotFound,
  RPC.invalidParams,
  RPC.missingCapability,
]);

/**
 * Milliseconds to wait before a call that ended with `result` is made again after `attempts` attempts, or `undefined`
 * when it must not be. What cannot have reached the upstream is safe; everything else is retried only if the tool is
 * `repeatable`, for nobody knows what it has done already.
 */
export function retryDelayMs(
  result: CallResult,
  attempts: number,
  { repeatable, random }: { readonly repeatable: () => boolean; readonly random: () => number },
): number | undefined {
  if (!mayRetry(result, repeatable)) return undefined;
  const askedMs = result.kind === "failure" ? (result.retryAfterMs ?? 0) : 0;
  // On top of what was asked for, so that all who were refused together do not come back together.
  return askedMs + backoffMs(attempts - 1, BACKOFF, random);
}

function mayRetry(result: CallResult, repeatable: () => boolean): boolean {
  switch (result.kind) {
    case "result":
      return result.result.isError && repeatable();
    case "error":
      return !REQUEST_AT_FAULT.has(result.error.code) && repeatable();
    case "failure": {
      // A server that cannot say when it may be started again was removed, or the gateway is shutting down.
      if (result.code === "start_failed" && result.retryAfterMs === undefined) return false;
      // Another member of a group may have what this server lacks; the same server has not.
      if (result.lasting === true) return false;
      return isSafeToRepeat(result, repeatable);
    }
  }
}

/** Whether what failed may be tried again, here or elsewhere: it may succeed, and nothing is done twice that must not be. */
export function isSafeToRepeat({ code, maybeExecuted }: Failure, repeatable: () => boolean): boolean {
  return FAILURES[code].retryable && (!maybeExecuted || repeatable());
}

/** Whether a list of tools declares that calling the tool twice does no more than calling it once. */
export function isRepeatable(tools: ListItems | undefined, tool: string): boolean {
  const listed = tools?.find(({ name }) => name === tool);
  const annotations = listed?.annotations;
  return isJsonObject(annotations) && (annotations.readOnlyHint === true || annotations.idempotentHint === true);
}
