import type { BatchCancellationReason, CallStatus } from "@mcp-hangar/telemetry";
import { outcomeOf } from "../call.ts";
import type { JsonObject } from "../protocol/json-rpc.ts";
import type { SettledItem } from "./batch-run.ts";
import type { BatchProblem } from "./request.ts";
import type { ShortenedResult } from "./shorten.ts";

/** Error messages of upstreams are cut to this many characters. */
const MAX_ERROR = 2_000;

/** One call of a batch, as the client sees it. */
export interface BatchItemReport {
  readonly index: number;
  /** The client's own id, where it gave one. */
  readonly id?: string;
  /** Id of the last attempt in events and records; null when the call was never made. */
  readonly call_id: string | null;
  readonly success: boolean;
  /** The tool's result, also that of a tool that failed; null when there is none or it is in `truncated`. */
  readonly result: JsonObject | null;
  /** Where to find a result that is too large to be here. */
  readonly truncated?: ShortenedResult;
  readonly error: string | null;
  /** An error type, a rejection reason, or `cancelled`. */
  readonly error_type: string | null;
  /** Code of the upstream's own JSON-RPC error. */
  readonly error_code?: number;
  /** When it makes sense to try again, where that is known. */
  readonly retry_after_ms?: number;
  /** Of a call that the gateway ended: false when no attempt can have reached the server. */
  readonly may_have_run?: boolean;
  readonly attempts: number;
  readonly elapsed_ms: number;
}

/** What a batch answers. */
export interface BatchReport {
  readonly batch_id: string;
  /** Whether all calls succeeded. */
  readonly success: boolean;
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly elapsed_ms: number;
  /** Why the batch was cut short; null when every call ended by itself. */
  readonly cancellation: BatchCancellationReason | null;
  /** One a call, in the order of the request. */
  readonly results: readonly BatchItemReport[];
}

/** What a batch answers of which nothing ran. */
export interface BatchRefusal {
  readonly batch_id: string;
  readonly success: false;
  readonly error_type: "validation_error";
  readonly error: string;
  readonly errors: readonly BatchProblem[];
}

/** Reports one item; `shortened` takes the place of a result that is too large. */
export function reportItem(item: SettledItem, shortened: ShortenedResult | undefined): BatchItemReport {
  const { index, call, callId, result, attempts, elapsedMs } = item;
  const outcome = outcomeOf(result);
  return {
    index,
    ...(call.id === undefined ? {} : { id: call.id }),
    call_id: callId ?? null,
    success: outcome.status === "success",
    result: result.kind === "result" && shortened === undefined ? result.result.value : null,
    ...(shortened === undefined ? {} : { truncated: shortened }),
    error: outcome.status === "success" ? null : outcome.message.slice(0, MAX_ERROR),
    error_type: errorTypeOf(item),
    ...(result.kind === "error" ? { error_code: result.error.code } : {}),
    ...(result.kind === "failure" && result.retryAfterMs !== undefined
      ? { retry_after_ms: Math.ceil(result.retryAfterMs) }
      : {}),
    ...(result.kind === "failure" ? { may_have_run: result.maybeExecuted } : {}),
    attempts,
    elapsed_ms: Math.round(elapsedMs),
  };
}

function errorTypeOf({ result }: SettledItem): string | null {
  const outcome = outcomeOf(result);
  switch (outcome.status) {
    case "success":
      return null;
    case "error":
    case "timeout":
      return outcome.errorType;
    case "rejected":
      return outcome.reason;
    case "cancelled":
      return "cancelled";
  }
}

/** How many items ended in which way. */
export function countItems(items: readonly SettledItem[]): Readonly<Record<CallStatus, number>> {
  const counts = { success: 0, error: 0, timeout: 0, rejected: 0, cancelled: 0 };
  for (const { result } of items) counts[outcomeOf(result).status]++;
  return counts;
}
