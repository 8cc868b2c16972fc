import type { Caller } from "@mcp-hangar/telemetry";
import { type Failure, failure } from "./errors.ts";
import type { ManagedServer } from "./lifecycle/managed-server.ts";
import type { BreakerPermit } from "./resilience/circuit-breaker.ts";
import type { ConcurrencyLimit } from "./resilience/concurrency-limit.ts";
import type { RateLimiter } from "./resilience/rate-limiter.ts";

/** Decides whether a caller may use a tool. */
export type AccessPolicy = (caller: Caller, server: string, tool: string) => boolean;

/** What a call says about the health of its server; `neutral` when it says nothing. */
export type Verdict = "success" | "failure" | "neutral";

/** What an admitted call holds; released exactly once, whatever happens. */
export interface Admission {
  readonly kind: "admitted";
  release(verdict: Verdict): void;
}

/** Takes a token from the caller's bucket; `undefined` when admitted. */
export function admitRate(limiter: RateLimiter | undefined, caller: Caller): Failure | undefined {
  const waitMs = limiter?.tryTake(caller.credential) ?? 0;
  if (waitMs === 0) return undefined;
  const message = `rate limit of ${caller.type} "${caller.id}" reached; try again in ${Math.ceil(waitMs)} ms`;
  return failure("rate_limited", message, waitMs);
}

/**
 * Slots and breaker, in the order that keeps every permit accounted for: the server's slot first, so that a slow server
 * does not hold global slots while its own calls queue, then the global slot, and the breaker last.
 */
export function admitCapacity(
  server: ManagedServer,
  globalSlots: ConcurrencyLimit,
  signal: AbortSignal,
): Admission | Failure | Promise<Admission | Failure> {
  // Looked at before queueing as well: a server that is known to be dead refuses at once.
  if (server.breaker.state() === "open" && server.breaker.retryAfterMs() > 0) return circuitOpen(server);
  // Without a queue nothing is awaited: most calls go this way.
  if (!server.slots.tryAcquire()) return queueForCapacity(server, globalSlots, signal);
  if (!globalSlots.tryAcquire()) return queueForGlobalSlot(server, globalSlots, signal);
  return admitByBreaker(server, globalSlots);
}

async function queueForCapacity(
  server: ManagedServer,
  globalSlots: ConcurrencyLimit,
  signal: AbortSignal,
): Promise<Admission | Failure> {
  const waited = await server.slots.acquire(signal);
  if (waited !== "acquired") return notAcquired(waited, `server "${server.id}" has too many calls waiting`);
  return globalSlots.tryAcquire()
    ? admitByBreaker(server, globalSlots)
    : queueForGlobalSlot(server, globalSlots, signal);
}

async function queueForGlobalSlot(
  server: ManagedServer,
  globalSlots: ConcurrencyLimit,
  signal: AbortSignal,
): Promise<Admission | Failure> {
  const waited = await globalSlots.acquire(signal);
  if (waited === "acquired") return admitByBreaker(server, globalSlots);
  server.slots.release();
  return notAcquired(waited, "the gateway has too many calls waiting");
}

function admitByBreaker(server: ManagedServer, globalSlots: ConcurrencyLimit): Admission | Failure {
  const permit = server.breaker.tryAcquire();
  if (permit === undefined) {
    globalSlots.release();
    server.slots.release();
    return circuitOpen(server);
  }
  return new HeldCapacity(server, globalSlots, permit);
}

class HeldCapacity implements Admission {
  readonly kind = "admitted";
  readonly #server: ManagedServer;
  readonly #globalSlots: ConcurrencyLimit;
  readonly #permit: BreakerPermit;

  constructor(server: ManagedServer, globalSlots: ConcurrencyLimit, permit: BreakerPermit) {
    this.#server = server;
    this.#globalSlots = globalSlots;
    this.#permit = permit;
  }

  release(verdict: Verdict): void {
    this.#permit.settle(verdict);
    this.#globalSlots.release();
    this.#server.slots.release();
  }
}

function circuitOpen(server: ManagedServer): Failure {
  const retryAfterMs = server.breaker.retryAfterMs();
  const message = `circuit breaker of server "${server.id}" is open after repeated failures`;
  return failure("circuit_open", `${message}; next probe in ${Math.ceil(retryAfterMs)} ms`, retryAfterMs);
}

function notAcquired(waited: "overloaded" | "aborted", message: string): Failure {
  return waited === "overloaded"
    ? failure("overloaded", `${message}; raise max_concurrency or slow down`)
    : failure("cancelled", "gave up waiting for a free slot");
}
