import type { Caller } from "@mcp-hangar/telemetry";
import { LOCAL_CALLER } from "./call.ts";
import type { ExecutionOptions } from "./options.ts";
import { partOf } from "./resilience/allowance.ts";
import { ConcurrencyLimit, type LimitSizes } from "./resilience/concurrency-limit.ts";

/** What one caller may take without `execution.max_concurrency_per_caller`: an agent that is alone gets most of the gateway. */
const DEFAULT_PART = { ofOne: 4, all: 5 } as const;

/** A limit of `slots` calls in which each caller leaves room for others. Only whoever runs the process is alone in it. */
export function callLimit(slots: number, execution: ExecutionOptions): ConcurrencyLimit {
  return new ConcurrencyLimit(limitSizes(slots, execution), shareOf(LOCAL_CALLER));
}

/** The sizes of {@link callLimit}, for a limit that is there already. */
export function limitSizes(slots: number, execution: ExecutionOptions): LimitSizes {
  const { max_concurrency: all, max_concurrency_per_caller: ofOne, max_waiting: waiting } = execution;
  const part = (places: number): number =>
    ofOne === undefined ? partOf(places, DEFAULT_PART.ofOne, DEFAULT_PART.all) : partOf(places, ofOne, all);
  return { slots, slotsOfOne: part(slots), waiting, waitingOfOne: part(waiting) };
}

/**
 * Whose share of slots, of places to wait and of the rate limit a caller uses up. Callers who were not asked who they are are told
 * apart by their addresses: a session costs nothing, and who has a thousand would have a thousand shares.
 */
export function shareOf(caller: Caller): string {
  return caller.address ?? caller.credential;
}
