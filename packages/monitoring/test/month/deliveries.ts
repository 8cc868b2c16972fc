import { catalog } from "@mcp-hangar/telemetry";
import { BEGIN, type MinuteSeries } from "./backfilled.ts";
import { DAY, type GatewayWorld } from "./world.ts";

/** Attempts in a minute while a destination is away: they are made less and less often, down to two a minute. */
const ATTEMPTS = [5, 2] as const;
/** Of the minutes in which something is delivered, those in which it takes a second attempt. */
const SECOND_ATTEMPTS = 0.002;

/**
 * What leaves a gateway beside answers: traces, and an audit journal that a sink reads. Their destinations are restarted now and then, a
 * disk is slow for a while, and nothing is lost by it.
 */
export function deliveriesOf(world: GatewayWorld): readonly MinuteSeries[] {
  const { by, load, each, spells } = world;
  const pending = each((minute) => by.times(load[minute] ?? 0) > 0);
  return [
    ...exporterOf(world, { exporter: "otlp_traces", signal: "traces" }, { pending, away: spells(0.3, 6) }),
    ...journalOf(world, pending),
  ];
}

interface Destination {
  /** Whether there are new records in a minute. */
  readonly pending: readonly boolean[];
  readonly away: ReadonlySet<number>;
}

/** An exporter that tries again until it has delivered. One that has nothing to deliver does nothing. */
function exporterOf(
  { by, each, restarts, gauge, counter }: GatewayWorld,
  labels: { readonly exporter: string; readonly signal: "traces" | "audit" },
  { pending, away }: Destination,
): readonly MinuteSeries[] {
  let [waiting, attempts, last] = [false, 0, 0];
  const minutes = each((minute) => {
    // What a gateway has delivered before it was replaced, it does not know.
    if (restarts.has(minute)) last = 0;
    waiting ||= pending[minute] === true;
    if (!waiting) return { failures: 0, last };
    if (away.has(minute)) {
      const failures = ATTEMPTS[Math.min(attempts++, 1)] ?? 0;
      return { failures, last };
    }
    [waiting, attempts, last] = [false, 0, BEGIN + 60 * minute];
    return { failures: by.happens(SECOND_ATTEMPTS) ? 1 : 0, last };
  });
  return [
    counter(
      catalog.telemetryFailures,
      { ...labels, reason: "connection" },
      minutes.map(({ failures }) => failures),
    ),
    gauge(
      catalog.telemetryLastSuccess,
      labels,
      minutes.map((minute) => minute.last),
    ),
    // Of traces nine in ten are left out on purpose.
    counter(
      catalog.telemetryDropped,
      { ...labels, reason: "sampled" },
      pending.map((isPending) => (labels.signal === "traces" && isPending ? 9 : 0)),
    ),
  ];
}

function journalOf(world: GatewayWorld, pending: readonly boolean[]): readonly MinuteSeries[] {
  const { by, each, spells, gauge } = world;
  const labels = { exporter: "siem", signal: "audit" } as const;
  const away = spells(0.3, 6);
  const slowDisk = spells(0.2, 4);
  let lag = 0;
  return [
    ...exporterOf(world, labels, { pending, away }),
    gauge(
      catalog.auditLag,
      { exporter: labels.exporter },
      each((minute) => {
        if (away.has(minute)) lag += lag > 0 || pending[minute] === true ? 60 : 0;
        else lag = pending[minute] === true ? 5 * by.next() : 0;
        return lag;
      }),
    ),
    // Segments are removed as they grow old, some of them a day, and more come by day than by night.
    gauge(
      catalog.auditJournalUsed,
      {},
      each((minute) => 0.6 + 0.1 * ((minute / DAY) % 1) + 0.05 * Math.sin(minute / (3 * DAY))),
    ),
    gauge(
      catalog.auditCheckpointOverdue,
      {},
      each((minute) => (slowDisk.has(minute) ? 60 * by.next() : 0)),
    ),
  ];
}
