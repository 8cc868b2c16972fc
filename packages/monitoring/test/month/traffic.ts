import { catalog } from "@mcp-hangar/telemetry";
import { prometheusMetrics, runtime } from "../../src/promql/external.ts";
import type { MinuteSeries } from "./backfilled.ts";
import { type Chance, chance } from "./chance.ts";
import { type FleetModel, SLOWER_THAN_3, SLOWER_THAN_5 } from "./fleets.ts";
import { type Course, counterSeries, gaugeSeries } from "./series-of.ts";

const DAY = 1_440;
const SCRAPES_A_MINUTE = 6;
/** How long a gateway is away when it is replaced. */
const RESTART_SECONDS = 20;

/** The series of a fleet over so many minutes, one value a minute. */
export function trafficOf(fleet: FleetModel, minutes: number): readonly MinuteSeries[] {
  return Array.from({ length: fleet.gateways }, (_, at) => gatewayOf(fleet, at, minutes)).flat();
}

/** A life of one gateway. Its servers have the same names on every gateway, as they have the same configuration. */
function gatewayOf(fleet: FleetModel, at: number, minutes: number): readonly MinuteSeries[] {
  const by = chance(fleet.seed + 1_000 * at);
  const instance = { job: "mcp-hangar", instance: `gateway-${at}:8000` };
  const each = <Value>(make: (minute: number) => Value): readonly Value[] =>
    Array.from({ length: minutes }, (_, m) => make(m));
  const rare = (expectedADay: number): ReadonlySet<number> =>
    new Set(each((minute) => (by.happens(expectedADay / DAY) ? minute : -1)).filter((minute) => minute >= 0));
  const restarts = rare(fleet.deploymentsAWeek / 7);
  const lost = each(() => by.times((SCRAPES_A_MINUTE * fleet.lostScrapes) / 10_000));
  const seen = each((minute) => !restarts.has(minute) && lost[minute] === 0);
  // A minute is one value here, and most outages are shorter: it is the share of the minute in which it was up.
  const up = each(
    (minute) => 1 - (restarts.has(minute) ? RESTART_SECONDS / 60 : (lost[minute] ?? 0) / SCRAPES_A_MINUTE),
  );
  const whenSeen = <Value>(values: readonly Value[]): readonly (Value | undefined)[] =>
    values.map((value, minute) => (seen[minute] === true ? value : undefined));
  const gauge = (metric: Course["metric"], labels: Course["labels"], values: readonly number[]): MinuteSeries =>
    gaugeSeries({ metric, labels: { ...instance, ...labels }, minutes: whenSeen(values) });
  const counter = (
    metric: Course["metric"],
    labels: Course["labels"],
    values: readonly number[],
    suffix?: "_bucket" | "_count",
  ) => counterSeries({ metric, suffix, labels: { ...instance, ...labels }, minutes: whenSeen(values) }, restarts);
  const histogram = (
    metric: Course["metric"],
    labels: Course["labels"],
    all: readonly number[],
    beyond: Readonly<Record<string, readonly number[]>>,
  ) => [
    ...Object.entries(beyond).map(([le, slower]) =>
      counter(
        metric,
        { ...labels, le },
        all.map((count, minute) => count - (slower[minute] ?? 0)),
        "_bucket",
      ),
    ),
    counter(metric, { ...labels, le: "+Inf" }, all, "_bucket"),
    counter(metric, labels, all, "_count"),
  ];
  let started = 1_000;
  const startTimes = each((minute) => {
    if (restarts.has(minute)) started = 1_000 + 60 * minute;
    return started;
  });
  const uptime = each((minute) => 60 * minute + 1_000 - (startTimes[minute] ?? 0));
  const load = each((minute) => daily(minute) * fleet.callsAMinute);
  const batches = load.map((_, minute) => by.times(daily(minute) * fleet.batchesAMinute));
  const items = batches.map((count) => by.times(5 * count));
  const badItems = items.map((count) => part(count, fleet.failing, by));
  const refused = load.map(() => by.times(0.002));
  return [
    gaugeSeries({ metric: prometheusMetrics.up, labels: instance, minutes: up }),
    gauge(runtime.processStartTime, {}, startTimes),
    gauge(
      runtime.processResidentMemory,
      {},
      uptime.map((seconds) => 2e8 + 1e8 * (1 - 1 / (1 + seconds / 86_400))),
    ),
    counter(
      runtime.processCpu,
      {},
      load.map((calls) => Math.round(100 * (0.6 + calls * 0.01 * (1 + 0.2 * by.next()))) / 100),
    ),
    gauge(
      runtime.availableCpus,
      {},
      each(() => 2),
    ),
    gauge(
      catalog.configLastReloadSuccessful,
      {},
      each(() => 1),
    ),
    ...telemetry(counter, gauge, each, by),
    counter(
      catalog.batchItems,
      { status: "success" },
      items.map((count, minute) => count - (badItems[minute] ?? 0)),
    ),
    counter(catalog.batchItems, { status: "error" }, badItems),
    counter(catalog.batchCalls, { result: "success" }, batches),
    counter(catalog.accessDenials, { interface: "mcp", reason: "expired_api_key" }, refused),
    ...Array.from({ length: fleet.servers }, (_, server) => {
      const labels = { mcp_server: `server-${server}` };
      return serverOf({ fleet, by, labels, load, counter, gauge, histogram, rare, each, restarts });
    }).flat(),
  ];
}

type MakeSeries = (metric: Course["metric"], labels: Course["labels"], values: readonly number[]) => MinuteSeries;
type Each = <Value>(make: (minute: number) => Value) => readonly Value[];

/** An exporter fails now and then, and delivers a moment later. */
function telemetry(counter: MakeSeries, gauge: MakeSeries, each: Each, by: Chance): readonly MinuteSeries[] {
  const labels = { exporter: "otlp_traces", signal: "traces" };
  const failures = each(() => (by.happens(0.002) ? 1 : 0));
  return [
    counter(catalog.telemetryFailures, { ...labels, reason: "connection" }, failures),
    counter(
      catalog.telemetryDropped,
      { ...labels, reason: "queue_full" },
      each(() => 0),
    ),
    gauge(
      catalog.telemetryLastSuccess,
      labels,
      each((minute) => 60 * minute),
    ),
  ];
}

interface ServerWorld {
  readonly fleet: FleetModel;
  readonly by: Chance;
  readonly labels: { readonly mcp_server: string };
  /** Calls a minute through the gateway. */
  readonly load: readonly number[];
  readonly counter: MakeSeries;
  readonly gauge: MakeSeries;
  readonly histogram: (
    metric: Course["metric"],
    labels: Course["labels"],
    all: readonly number[],
    beyond: Readonly<Record<string, readonly number[]>>,
  ) => readonly MinuteSeries[];
  readonly rare: (expectedADay: number) => ReadonlySet<number>;
  readonly each: Each;
  readonly restarts: ReadonlySet<number>;
}

function serverOf(world: ServerWorld): readonly MinuteSeries[] {
  const { fleet, by, labels, load, counter, gauge, histogram, rare, each, restarts } = world;
  const ofAll = (amount: number): number => amount / fleet.servers;
  const tool = { ...labels, tool: "read" };
  const calls = load.map((amount) => by.times(ofAll(amount)));
  const stubborn = rare(ofAll(fleet.stubbornAgentsADay));
  const mistaken = each((minute) => (stubborn.has(minute) ? 3 + Math.floor(6 * by.next()) : 0));
  const failed = calls.map((count, minute) => part(count, fleet.failing, by) + (mistaken[minute] ?? 0));
  const all = calls.map((count, minute) => count + (mistaken[minute] ?? 0));
  const slow3 = calls.map((count) => part(count, SLOWER_THAN_3, by));
  const slow5 = slow3.map((count) => part(count, SLOWER_THAN_5 / SLOWER_THAN_3, by));
  const crashes = rare(ofAll(fleet.crashesAWeek / 7));
  const shaky = rare(ofAll(fleet.shakyChecksADay));
  const tripped = rare(ofAll(fleet.breakersAWeek / 7));
  const starts = each((minute) => (crashes.has(minute) || restarts.has(minute - 1) ? 1 : 0));
  const requests = load.map((amount) => by.times(ofAll(amount) / 10));
  const badRequests = requests.map((count) => part(count, fleet.failing, by));
  return [
    counter(
      catalog.toolCalls,
      { ...tool, status: "success" },
      all.map((count, minute) => count - (failed[minute] ?? 0)),
    ),
    counter(catalog.toolCalls, { ...tool, status: "error" }, failed),
    counter(catalog.toolCallErrors, { ...tool, error_type: "tool_error" }, failed),
    ...histogram(catalog.toolCallDuration, tool, all, { "3.0": slow3, "5.0": slow5 }),
    counter(
      catalog.requests,
      { ...labels, method: "resources/read", status: "success" },
      requests.map((count, minute) => count - (badRequests[minute] ?? 0)),
    ),
    counter(catalog.requests, { ...labels, method: "resources/read", status: "error" }, badRequests),
    gauge(
      catalog.serverState,
      labels,
      each((minute) => (crashes.has(minute) ? 4 : 2)),
    ),
    gauge(
      catalog.serverUp,
      labels,
      each((minute) => (crashes.has(minute) ? 0 : 1)),
    ),
    gauge(
      catalog.serverInfo,
      { ...labels, mode: "subprocess", group: "" },
      each(() => 1),
    ),
    gauge(
      catalog.healthCheckConsecutiveFailures,
      labels,
      each((minute) => (shaky.has(minute) ? 2 : shaky.has(minute + 1) ? 1 : 0)),
    ),
    gauge(
      catalog.circuitBreakerState,
      labels,
      each((minute) => (tripped.has(minute) ? 2 : tripped.has(minute - 1) ? 1 : 0)),
    ),
    counter(catalog.serverStarts, { ...labels, result: "success" }, starts),
    counter(
      catalog.serverStops,
      { ...labels, reason: "crashed" },
      each((minute) => (crashes.has(minute) ? 1 : 0)),
    ),
  ];
}

/** More by day than by night; the average over a day is 1. */
function daily(minute: number): number {
  return 1 - 0.8 * Math.cos((2 * Math.PI * minute) / DAY);
}

/** How many of so many, each with this probability. */
function part(count: number, probability: number, by: Chance): number {
  return Math.min(count, by.times(count * probability));
}
