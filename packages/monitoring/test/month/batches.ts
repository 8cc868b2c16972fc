import { catalog } from "@mcp-hangar/telemetry";
import type { MinuteSeries } from "./backfilled.ts";
import { DAY, type GatewayWorld, someOf } from "./world.ts";

/** Items of a batch on average. */
const ITEMS = 5;
/** Of the batches these are larger than fifty items, or take longer than half a minute. */
const LARGE = 0.004;
const SLOW = 0.006;
/** Of the batches these are cut short. */
const CUT_SHORT = { timeout: 0.002, fail_fast: 0.01, client: 0.005 } as const;
/** Agents that cut three to eight batches short within a minute, by those that call a tool wrongly. */
const IMPATIENT = 0.1;

/** Batches, of which few are large, slow or cut short, and of whose items some fail. */
export function batchesOf({ fleet, by, load, each, rare, counter, histogram }: GatewayWorld): readonly MinuteSeries[] {
  const impatient = rare(IMPATIENT * fleet.stubbornAgentsADay);
  const impatience = each((minute) => (impatient.has(minute) ? 3 + Math.floor(6 * by.next()) : 0));
  const batches = load.map(
    (calls, minute) => by.times((calls / fleet.callsAMinute) * fleet.batchesAMinute) + (impatience[minute] ?? 0),
  );
  const few = (share: number): readonly number[] => batches.map((count) => someOf(count, share, by));
  const items = batches.map((count) => by.times(ITEMS * count));
  const bad = items.map((count) => someOf(count, fleet.failing, by));
  const late = bad.map((count) => someOf(count, 0.2, by));
  const partial = batches.map((count, minute) => Math.min(count, bad[minute] ?? 0));
  const wrong = load.map((calls) => by.times((0.01 * fleet.batchesAMinute * calls) / fleet.callsAMinute));
  return [
    counter(
      catalog.batchItems,
      { status: "success" },
      items.map((count, minute) => count - (bad[minute] ?? 0)),
    ),
    counter(
      catalog.batchItems,
      { status: "error" },
      bad.map((count, minute) => count - (late[minute] ?? 0)),
    ),
    counter(catalog.batchItems, { status: "timeout" }, late),
    counter(
      catalog.batchCalls,
      { result: "success" },
      batches.map((count, minute) => count - (partial[minute] ?? 0)),
    ),
    counter(catalog.batchCalls, { result: "partial" }, partial),
    counter(catalog.batchCalls, { result: "validation_error" }, wrong),
    ...histogram(catalog.batchSize, {}, batches, { "50.0": few(LARGE) }),
    ...histogram(catalog.batchDuration, {}, batches, { "30.0": few(SLOW) }),
    counter(catalog.batchCancellations, { reason: "timeout" }, few(CUT_SHORT.timeout)),
    counter(catalog.batchCancellations, { reason: "fail_fast" }, few(CUT_SHORT.fail_fast)),
    counter(
      catalog.batchCancellations,
      { reason: "client" },
      few(CUT_SHORT.client).map((count, minute) => Math.min(batches[minute] ?? 0, count + (impatience[minute] ?? 0))),
    ),
    // The remote server is seldom called in batches, and its breaker is seldom open.
    counter(
      catalog.batchCircuitBreakerRejections,
      { mcp_server: "remote" },
      each(() => (by.happens(0.3 / DAY) ? 1 + by.times(1) : 0)),
    ),
  ];
}
