import type { Clock } from "../platform/platform.ts";

/** The token bucket that every principal has. */
export interface RateLimiterLimits {
  /** Tokens that flow back into a bucket a second. */
  readonly requestsPerSecond: number;
  /** Tokens a full bucket holds; at least 1. */
  readonly burst: number;
  /** Buckets held at once; 10 000 (about 2 MB) unless told. */
  readonly maxPrincipals?: number;
}

interface Bucket {
  principal: string;
  /** Tokens at `refilledMs`; later refills are worked out when somebody looks. */
  tokens: number;
  refilledMs: number;
  /** Place in the heap: `fullAtMs` when the bucket was last placed, never later than the real one. */
  placedMs: number;
}

const MAX_PRINCIPALS = 10_000;

/** Millionths of a token are rounding of `tokens`, not debt: who waits exactly as long as told is admitted. */
const TOLERANCE = 1e-6;

/**
 * Token bucket a principal, in bounded memory.
 *
 * When all buckets are taken, a new principal inherits the fullest one, debts included (the rule of the Space-Saving
 * sketch). A bucket that is full carries no debt, so as long as one exists nobody notices. Otherwise newcomers start
 * with less than a full bucket, and nobody can ever win tokens by having a bucket evicted: a principal gets at most
 * what a bucket of its own would have given.
 */
export class RateLimiter {
  readonly #tokensPerMs: number;
  readonly #burst: number;
  readonly #maxPrincipals: number;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();
  /** Binary min-heap by `placedMs`. Buckets only ever become full later, so they are re-placed when they surface. */
  readonly #heap: Bucket[] = [];

  constructor(limits: RateLimiterLimits, clock: Clock) {
    this.#tokensPerMs = limits.requestsPerSecond / 1_000;
    this.#burst = limits.burst;
    this.#maxPrincipals = limits.maxPrincipals ?? MAX_PRINCIPALS;
    this.#clock = clock;
  }

  /** Takes a token: 0 when there was one, else the milliseconds (rounded up) until there is one. */
  tryTake(principal: string): number {
    const nowMs = this.#clock.nowMs();
    const own = this.#buckets.get(principal);
    const bucket = own ?? this.#vacant(nowMs);
    this.#refill(bucket, nowMs);
    if (bucket.tokens < 1 - TOLERANCE) return Math.ceil((1 - TOLERANCE / 2 - bucket.tokens) / this.#tokensPerMs);
    bucket.tokens -= 1;
    if (own === undefined) this.#handOver(bucket, principal);
    return 0;
  }

  /** A new bucket while there is room, else the fullest, which still belongs to somebody. */
  #vacant(nowMs: number): Bucket {
    const fullest = this.#heap.length < this.#maxPrincipals ? undefined : this.#fullest();
    if (fullest !== undefined) return fullest;
    const bucket: Bucket = { principal: "", tokens: this.#burst, refilledMs: nowMs, placedMs: nowMs };
    this.#heap.push(bucket);
    this.#siftUp(this.#heap.length - 1);
    return bucket;
  }

  #refill(bucket: Bucket, nowMs: number): void {
    const refilled = bucket.tokens + (nowMs - bucket.refilledMs) * this.#tokensPerMs;
    bucket.tokens = Math.min(this.#burst, refilled);
    bucket.refilledMs = nowMs;
  }

  #handOver(bucket: Bucket, principal: string): void {
    // The predecessor's entry may only go when it is this very bucket's: a fresh bucket has no predecessor.
    if (this.#buckets.get(bucket.principal) === bucket) this.#buckets.delete(bucket.principal);
    bucket.principal = principal;
    this.#buckets.set(principal, bucket);
  }

  /** Amortised O(log n) a take: only buckets that were used since they were placed have to be placed again. */
  #fullest(): Bucket | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined) return undefined;
      const fullAtMs = top.refilledMs + (this.#burst - top.tokens) / this.#tokensPerMs;
      if (top.placedMs >= fullAtMs) return top;
      top.placedMs = fullAtMs;
      this.#siftDown(0);
    }
  }

  #siftUp(start: number): void {
    for (let index = start; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!this.#swapUnlessOrdered(parent, index)) return;
      index = parent;
    }
  }

  #siftDown(start: number): void {
    for (let index = start; ; ) {
      const left = 2 * index + 1;
      const right = left + 1;
      const child = this.#placed(right) < this.#placed(left) ? right : left;
      if (!this.#swapUnlessOrdered(index, child)) return;
      index = child;
    }
  }

  #placed(index: number): number {
    return this.#heap[index]?.placedMs ?? Number.POSITIVE_INFINITY;
  }

  #swapUnlessOrdered(parent: number, child: number): boolean {
    const above = this.#heap[parent];
    const below = this.#heap[child];
    if (above === undefined || below === undefined || above.placedMs <= below.placedMs) return false;
    this.#heap[parent] = below;
    this.#heap[child] = above;
    return true;
  }
}
