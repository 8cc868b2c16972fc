import type { ErrorType, RejectionReason } from "@mcp-hangar/telemetry";
import { RPC } from "./protocol/json-rpc.ts";

/** Why the gateway itself answers instead of the upstream. */
export type FailureCode = Exclude<ErrorType, "tool_error"> | RejectionReason | "cancelled";

export interface FailureKind {
  /** Code of the JSON-RPC error at the edge. */
  readonly rpcCode: number;
  /** Status of a REST answer. */
  readonly httpStatus: number;
  /** Whether such a call may succeed if it is made again a little later. */
  readonly retryable: boolean;
}

/** The one table of failures. A refusal travels as a value and meets this table once, at the edge. */
export const FAILURES: Readonly<Record<FailureCode, FailureKind>> = {
  upstream_error: { rpcCode: RPC.upstreamUnavailable, httpStatus: 502, retryable: true },
  upstream_rejected: { rpcCode: RPC.upstreamUnavailable, httpStatus: 502, retryable: false },
  upstream_auth: { rpcCode: RPC.upstreamUnavailable, httpStatus: 502, retryable: false },
  timeout: { rpcCode: RPC.upstreamUnavailable, httpStatus: 504, retryable: true },
  connection: { rpcCode: RPC.upstreamUnavailable, httpStatus: 502, retryable: true },
  protocol: { rpcCode: RPC.upstreamUnavailable, httpStatus: 502, retryable: false },
  start_failed: { rpcCode: RPC.upstreamUnavailable, httpStatus: 503, retryable: true },
  circuit_open: { rpcCode: RPC.upstreamUnavailable, httpStatus: 503, retryable: true },
  overloaded: { rpcCode: RPC.upstreamUnavailable, httpStatus: 503, retryable: true },
  audit_unavailable: { rpcCode: RPC.upstreamUnavailable, httpStatus: 503, retryable: true },
  internal: { rpcCode: RPC.internalError, httpStatus: 500, retryable: false },
  rate_limited: { rpcCode: RPC.refused, httpStatus: 429, retryable: true },
  access_denied: { rpcCode: RPC.refused, httpStatus: 403, retryable: false },
  unauthenticated: { rpcCode: RPC.refused, httpStatus: 401, retryable: false },
  invalid_request: { rpcCode: RPC.invalidParams, httpStatus: 400, retryable: false },
  unknown_tool: { rpcCode: RPC.invalidParams, httpStatus: 404, retryable: false },
  cancelled: { rpcCode: RPC.upstreamUnavailable, httpStatus: 499, retryable: false },
};

/** A failure as a value, with the words for the caller. */
export interface Failure {
  readonly kind: "failure";
  readonly code: FailureCode;
  /** What failed, for any caller: without anything of the server's stderr, addresses, paths or command lines. */
  readonly message: string;
  /**
   * The whole story, for records and for callers who run the server: it may quote its stderr. `undefined` when the message
   * is all there is.
   */
  readonly diagnosis?: string | undefined;
  /** When it makes sense to try again; `undefined` when unknown. */
  readonly retryAfterMs: number | undefined;
  /** False only when the upstream certainly never saw the request, so that a retry does nothing twice. */
  readonly maybeExecuted: boolean;
  /** Whether it is an answer of the upstream, which says that it is alive; absent when it is not. */
  readonly answered?: true;
  /** Whether the same call fails until somebody mends something; absent where {@link FAILURES} decides alone. */
  readonly lasting?: true;
}

/** Whether the same call may succeed if it is made again a little later. */
export function isRetryable({ code, lasting }: Failure): boolean {
  return FAILURES[code].retryable && lasting !== true;
}

/** What records say about a failure. */
export function diagnosisOf({ message, diagnosis }: Failure): string {
  return diagnosis ?? message;
}

/** The failure in the words for somebody: with its diagnosis as the message for those who run the server, without for others. */
export function toldTo<Result extends { readonly kind: string }>(
  result: Result | Failure,
  runsTheServer: () => boolean,
): Result | Failure {
  if (!isFailure(result) || result.diagnosis === undefined) return result;
  const { diagnosis, ...failed } = result;
  return runsTheServer() ? { ...failed, message: diagnosis } : failed;
}

function isFailure(result: { readonly kind: string }): result is Failure {
  return result.kind === "failure";
}

/** Makes the value of a failure that came before anything was sent; one that came later says so with a spread. */
export function failure(code: FailureCode, message: string, retryAfterMs?: number): Failure {
  return { kind: "failure", code, message, retryAfterMs, maybeExecuted: false };
}
