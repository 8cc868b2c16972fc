import { catalog } from "@mcp-hangar/telemetry";
import { prometheusMetrics, runtime } from "../../src/promql/external.ts";
import { BEGIN, type MinuteSeries } from "./backfilled.ts";
import { batchesOf } from "./batches.ts";
import { deliveriesOf } from "./deliveries.ts";
import type { FleetModel } from "./fleets.ts";
import { limitsOf } from "./limits.ts";
import { neverIn } from "./never.ts";
import { serversOf } from "./servers.ts";
import { watchersOf } from "./watchers.ts";
import { type GatewayWorld, partOf, worldOf } from "./world.ts";

/** What a gateway's series are made of. Each has its place for good: chances are drawn by it. */
const PARTS = [processOf, serversOf, batchesOf, limitsOf, deliveriesOf, upkeepOf, neverIn] as const;

/** The series of a fleet over so many minutes, one value a minute. */
export function trafficOf(fleet: FleetModel, minutes: number): readonly MinuteSeries[] {
  const gateways = Array.from({ length: fleet.gateways }, (_, at) => worldOf(fleet, at, minutes));
  return [
    ...gateways.flatMap((world) => PARTS.flatMap((make, part) => make(partOf(world, part)))),
    ...watchersOf(fleet, minutes),
  ];
}

function processOf({ by, up, target, load, age, each, gauge, counter }: GatewayWorld): readonly MinuteSeries[] {
  return [
    { name: prometheusMetrics.up.name, labels: target, values: [...up.entries()] },
    gauge(
      runtime.processStartTime,
      {},
      each((minute) => BEGIN + 60 * (minute - (age[minute] ?? 0))),
    ),
    counter(
      runtime.processCpu,
      {},
      load.map((calls, minute) => {
        const seconds = 0.6 + calls * 0.01 * (1 + 0.2 * by.next()) + (age[minute] === 0 ? 4 : 0);
        return Math.round(100 * seconds) / 100;
      }),
    ),
    gauge(
      runtime.availableCpus,
      {},
      each(() => 2),
    ),
  ];
}

/** What else goes on: keys that expire, slow sweeps, a configuration with an error in it, a source of servers that is away. */
function upkeepOf({ by, each, rare, spells, gauge, counter, histogram }: GatewayWorld): readonly MinuteSeries[] {
  const wrong = spells(0.1, 4);
  const unread = spells(0.3, 6);
  const forgotten = rare(0.2);
  const sweeps = each(() => 2);
  const slow = each(() => (by.happens(0.002) ? 1 : 0));
  return [
    gauge(
      catalog.configLastReloadSuccessful,
      {},
      each((minute) => (wrong.has(minute) ? 0 : 1)),
    ),
    gauge(
      catalog.discoverySourceHealthy,
      { source: "docker" },
      each((minute) => (unread.has(minute) ? 0 : 1)),
    ),
    ...histogram(catalog.idleSweepDuration, {}, sweeps, { "0.5": slow }),
    counter(
      catalog.accessDenials,
      { interface: "mcp", reason: "expired_api_key" },
      // A program whose key has expired is run again and again until its owner looks.
      each((minute) => by.times(0.002) + (forgotten.has(minute) ? 3 + by.times(10) : 0)),
    ),
    counter(
      catalog.accessDenials,
      { interface: "rest", reason: "permission" },
      each(() => by.times(0.01)),
    ),
  ];
}
