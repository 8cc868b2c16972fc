import type { Caller, Decision } from "@mcp-hangar/telemetry";
import { shareOf } from "./call-limit.ts";
import { type Failure, failure } from "./errors.ts";
import type { ManagedServer } from "./lifecycle/managed-server.ts";
import type { RateLimitOptions } from "./options.ts";
import type { CancelSignal } from "./platform/cancellation.ts";
import type { Platform } from "./platform/platform.ts";
import type { BreakerPermit } from "./resilience/circuit-breaker.ts";
import type { ConcurrencyLimit } from "./resilience/concurrency-limit.ts";
import { RateLimiter } from "./resilience/rate-limiter.ts";

/** Decides whether a caller may use a tool. */
export type AccessPolicy = (caller: Caller, server: string, tool: string) => Decision;

/** What a call says about the health of its server; `neutral` when it says nothing. */
export type Verdict = "success" | "failure" | "neutral";

/** A verdict, or one that will be known when the server has been asked whether it lives. It never rejects. */
export type LateVerdict = Verdict | Promise<Verdict>;

/** Hands a verdict to `take` as soon as it is known: at once, unless it is late. */
export function whenKnown(verdict: LateVerdict, take: (known: Verdict) => void): void {
  if (typeof verdict === "string") take(verdict);
  else void verdict.then(take);
}

/** A bucket a caller for each kind of work; none where nothing is limited. */
export interface Rates {
  readonly requests?: RateLimiter;
  readonly operations?: RateLimiter;
}

export function ratesOf(rateLimit: RateLimitOptions | undefined, { clock }: Platform): Rates {
  if (rateLimit === undefined || !rateLimit.enabled) return {};
  const { requests_per_second: requestsPerSecond, burst } = rateLimit;
  const limits = { requestsPerSecond, burst };
  return { requests: new RateLimiter(limits, clock), operations: new RateLimiter(limits, clock) };
}

/** Takes a token from the caller's bucket; `undefined` when admitted. */
export function admitRate(limiter: RateLimiter | undefined, caller: Caller): Failure | undefined {
  const waitMs = limiter?.tryTake(shareOf(caller)) ?? 0;
  if (waitMs === 0) return undefined;
  const message = `rate limit of ${caller.type} "${caller.id}" reached; try again in ${Math.ceil(waitMs)} ms`;
  return failure("rate_limited", message, waitMs);
}

/**
 * Slots and breaker of one call, in the order that keeps every permit accounted for: the server's slot first, so that a slow server
 * does not hold global slots while its own calls queue, then the global slot, and the breaker last. What was admitted is to be
 * released exactly once, whatever happens.
 */
export class Admission {
  readonly kind = "admitted";
  readonly #server: ManagedServer;
  readonly #globalSlots: ConcurrencyLimit;
  /** Whose slots they are. */
  readonly #share: string;
  #permit: BreakerPermit | undefined;

  constructor(server: ManagedServer, globalSlots: ConcurrencyLimit, caller: Caller) {
    this.#server = server;
    this.#globalSlots = globalSlots;
    this.#share = shareOf(caller);
  }

  /** Resolves to this admission, or to why the call is refused. Without a queue nothing is awaited: most calls go this way. */
  admit(signal: CancelSignal): Admission | Failure | Promise<Admission | Failure> {
    const { breaker, slots } = this.#server;
    // Looked at before queueing as well: a server that is known to be dead refuses at once.
    if (breaker.state() === "open" && breaker.retryAfterMs() > 0) return this.#circuitOpen();
    if (!slots.tryAcquire(this.#share)) return this.#queue(signal);
    if (!this.#globalSlots.tryAcquire(this.#share)) return this.#queueForGlobalSlot(signal);
    return this.#admitByBreaker();
  }

  /** Gives the slots back at once, and settles the breaker when the verdict is known. */
  release(verdict: LateVerdict): void {
    whenKnown(verdict, (known) => this.#permit?.settle(known));
    this.#globalSlots.release(this.#share);
    this.#server.slots.release(this.#share);
  }

  async #queue(signal: CancelSignal): Promise<Admission | Failure> {
    const waited = await this.#server.slots.acquire(this.#share, signal);
    if (waited !== "acquired") return notAcquired(waited, `server "${this.#server.id}" has too many calls waiting`);
    return this.#globalSlots.tryAcquire(this.#share) ? this.#admitByBreaker() : this.#queueForGlobalSlot(signal);
  }

  async #queueForGlobalSlot(signal: CancelSignal): Promise<Admission | Failure> {
    const waited = await this.#globalSlots.acquire(this.#share, signal);
    if (waited === "acquired") return this.#admitByBreaker();
    this.#server.slots.release(this.#share);
    return notAcquired(waited, "the gateway has too many calls waiting");
  }

  #admitByBreaker(): Admission | Failure {
    this.#permit = this.#server.breaker.tryAcquire();
    if (this.#permit !== undefined) return this;
    this.#globalSlots.release(this.#share);
    this.#server.slots.release(this.#share);
    return this.#circuitOpen();
  }

  #circuitOpen(): Failure {
    const retryAfterMs = this.#server.breaker.retryAfterMs();
    const message = `circuit breaker of server "${this.#server.id}" is open after repeated failures`;
    return failure("circuit_open", `${message}; next probe in ${Math.ceil(retryAfterMs)} ms`, retryAfterMs);
  }
}

function notAcquired(waited: "overloaded" | "aborted", message: string): Failure {
  return waited === "overloaded"
    ? failure("overloaded", `${message}, of this caller or of all; raise max_concurrency or slow down`)
    : failure("cancelled", "gave up waiting for a free slot");
}
