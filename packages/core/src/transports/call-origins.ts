import type { UpstreamRequest } from "./session.ts";

/** Methods that make no server ask back or log on behalf of a caller. */
const HOUSEKEEPING: ReadonlySet<string> = new Set([
  "initialize",
  "logging/setLevel",
  "ping",
  "prompts/list",
  "resources/list",
  "resources/templates/list",
  "server/discover",
  "subscriptions/listen",
  "tools/list",
]);

/** How long a server may go on working on a call after it was told that nobody waits any more, in ms. */
const GIVEN_UP_MS = 30_000;
/** How long a server may go on talking about a call that it has answered, in ms: log lines are often written late. */
const ANSWERED_MS = 1_000;

/** When a call of a caller was last answered. */
interface Answered {
  readonly caller: string | undefined;
  readonly atMs: number;
}

/**
 * Tells from which call a message must stem that says nothing about its origin. A session is shared by callers who must not
 * hear of each other, so the answer is a call only when it cannot have been another caller's.
 */
export class CallOrigins {
  /** Until then, messages may stem from a call that was given up. */
  #givenUpUntilMs = Number.NEGATIVE_INFINITY;
  /** The last call that was answered, and the last of any other caller. */
  #last: Answered = NEVER;
  #lastOfOthers: Answered = NEVER;

  /** A request was answered. */
  answered(request: UpstreamRequest, nowMs: number): void {
    if (!isCall(request)) return;
    if (request.origin !== this.#last.caller) this.#lastOfOthers = this.#last;
    this.#last = { caller: request.origin, atMs: nowMs };
  }

  /** The caller of a request has left, while the server may go on with it. */
  givenUp(request: UpstreamRequest, nowMs: number): void {
    if (isCall(request)) this.#givenUpUntilMs = nowMs + GIVEN_UP_MS;
  }

  /** Whether what comes now may stem from a call that was given up. */
  mayBeOfOneGivenUp(nowMs: number): boolean {
    return nowMs < this.#givenUpUntilMs;
  }

  /**
   * The only call in flight, or the latest of them when all are of one caller who is known. `undefined` when there is none,
   * or when it cannot be told.
   */
  callOf(inFlight: Iterable<UpstreamRequest>, nowMs: number): UpstreamRequest | undefined {
    if (this.mayBeOfOneGivenUp(nowMs)) return undefined;
    let call: UpstreamRequest | undefined;
    for (const request of inFlight) {
      if (!isCall(request)) continue;
      // Callers who need not say who they are may be many.
      if (call !== undefined && (call.origin === undefined || call.origin !== request.origin)) return undefined;
      call = request;
    }
    if (call === undefined) return undefined;
    const others = call.origin === this.#last.caller ? this.#lastOfOthers : this.#last;
    return nowMs - others.atMs < ANSWERED_MS ? undefined : call;
  }
}

const NEVER: Answered = { caller: undefined, atMs: Number.NEGATIVE_INFINITY };

/** Whether a server may ask back or log on behalf of a caller while it works on this request. */
export function isCall({ method }: UpstreamRequest): boolean {
  return !HOUSEKEEPING.has(method);
}
