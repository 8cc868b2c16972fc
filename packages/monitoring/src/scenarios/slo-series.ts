import { catalog } from "@mcp-hangar/telemetry";
import type { SloName } from "../names.ts";
import { prometheusMetrics } from "../promql/external.ts";
import type { MonitoringOptions } from "../settings/options.ts";
import type { Burn } from "./burn.ts";
import { counter, gauge, histogram, type StorySeries } from "./series.ts";

/** Events at every sample. */
export const EACH = 10_000;

const tool = { mcp_server: "math", tool: "add" } as const;

/** What an SLO counts while this share of it is bad. Their mood is `above`. */
export type SloSeries = (errorRatio: Burn["errorRatio"], volume: number) => readonly StorySeries[];

/** The series of each SLO. */
export function sloSeries({ slos }: MonitoringOptions): Readonly<Record<SloName, SloSeries>> {
  return {
    // Shares of a large fleet, for which two series have to stand; one of them fails first.
    availability: (bad = 0) => [
      ...gauge(prometheusMetrics.up, {}, { healthy: 1, below: 1, above: Math.max(0, 1 - 2 * bad) }),
      ...gauge(prometheusMetrics.up, {}, { healthy: 1, below: 1, above: Math.min(1, 2 - 2 * bad) }, "b:8000"),
    ],
    latency: (bad, volume) =>
      histogram(catalog.toolCallDuration, tool, {
        limit: slos.latency.limit,
        each: bad === undefined ? 0 : EACH * volume,
        beyond: { below: 0, above: bad ?? 0 },
      }),
    errors: (bad, volume) => {
      const [failed, good, other] = shares(bad, volume);
      return [
        ...counter(catalog.toolCalls, { ...tool, status: "success" }, { above: good }),
        ...counter(catalog.toolCalls, { ...tool, status: "error" }, { above: failed / 2 }),
        ...counter(catalog.toolCalls, { ...tool, status: "timeout" }, { above: failed / 2 }),
        ...counter(catalog.toolCalls, { ...tool, status: "rejected" }, { above: other }),
        ...counter(catalog.toolCallErrors, { ...tool, error_type: "connection" }, { above: failed / 2 }),
        ...counter(catalog.toolCallErrors, { ...tool, error_type: "timeout" }, { above: failed / 2 }),
      ];
    },
    batch_success: (bad, volume) => {
      const [failed, good, other] = shares(bad, volume);
      return [
        ...counter(catalog.batchItems, { status: "success" }, { above: good }),
        ...counter(catalog.batchItems, { status: "error" }, { above: failed / 2 }),
        ...counter(catalog.batchItems, { status: "timeout" }, { above: failed / 2 }),
        ...counter(catalog.batchItems, { status: "rejected" }, { above: other }),
      ];
    },
  };
}

/** Whether a series belongs to what an SLO counts as bad. */
export const isBad: Readonly<Record<SloName, (series: StorySeries) => boolean>> = {
  availability: () => false,
  latency: ({ suffix }) => suffix === "_bucket",
  errors: ({ metric }) => metric === catalog.toolCallErrors,
  batch_success: ({ labels }) => labels.status === "error" || labels.status === "timeout",
};

function shares(bad: number | undefined, volume: number): readonly [failed: number, good: number, other: number] {
  const each = EACH * volume;
  return bad === undefined ? [0, 0, 0] : [each * bad, each * (1 - bad), each];
}
