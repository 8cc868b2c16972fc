import { catalog } from "@mcp-hangar/telemetry";
import type { ScenarioSeries } from "../../src/model.ts";
import { ALERT_PREFIX, type AlertKey } from "../../src/names.ts";
import { prometheusMetrics } from "../../src/promql/external.ts";
import type { Metric } from "../../src/promql/metric.ts";
import type { SelectorNode } from "../../src/promql/node.ts";
import { counterValues, gaugeValues } from "../../src/scenarios/values.ts";

/** Something that happens to a whole fleet, and what somebody must hear of it, through all rules at once. */
export interface Incident {
  readonly what: string;
  /** How long it is watched. */
  readonly minutes: number;
  readonly series: readonly ScenarioSeries[];
  /** Who is told, and after how many minutes at the latest. What is not named must not fire, but for the record. */
  readonly pages?: Told;
  readonly warns?: Told;
  /** May fire too, because an alert named above holds it back. */
  readonly heldBack?: readonly AlertKey[];
}

type Told = Readonly<Partial<Record<AlertKey, number>>>;

/** For so many minutes this much: a minute of a counter, the level of a gauge. */
export type Phase = readonly [minutes: number, amount: number];

/** Values of a series in a minute. */
const STEPS = 4;
export const STEP = "15s";
const JOB = { job: "mcp-hangar", instance: "a:8000" };

/** A counter that grows by these amounts a minute. */
export function counting(metric: Metric, labels: Labels, ...phases: readonly Phase[]): ScenarioSeries {
  const stretches = phases.map(([minutes, amount]) => ({ steps: minutes * STEPS, value: amount / STEPS }));
  return { metric, labels: { ...JOB, ...labels }, values: counterValues(stretches) };
}

/** A counter of which single events are whole, as they are counted: one, `minutes` apart, beginning after the first. */
export function nowAndThen(metric: Metric, labels: Labels, every: number, times: number): ScenarioSeries {
  const stretches = Array.from({ length: times }, () => [
    { steps: every * STEPS - 1, value: 0 },
    { steps: 1, value: 1 },
  ]).flat();
  return {
    metric,
    labels: { ...JOB, ...labels },
    values: counterValues([...stretches, { steps: 60 * STEPS, value: 0 }]),
  };
}

/** For a counter: a single event at once and then every so many minutes, so many times. */
export function eventsEvery(minutes: number, times: number): readonly Phase[] {
  const step = 1 / STEPS;
  return Array.from({ length: times }, (): readonly Phase[] => [
    [step, STEPS],
    [minutes - step, 0],
  ]).flat();
}

/** A gauge with these levels. */
export function level(metric: Metric, labels: Labels, ...phases: readonly Phase[]): ScenarioSeries {
  const stretches = phases.map(([minutes, value]) => ({ steps: minutes * STEPS, value }));
  return { metric, labels: { ...JOB, ...labels }, values: gaugeValues(stretches) };
}

/** The buckets at a limit and beyond, and the count, of a histogram: so many a minute within it, and so many beyond. */
export function observing(
  metric: Metric,
  labels: Labels,
  limits: readonly string[],
  phases: readonly (readonly [minutes: number, within: number, beyond: number])[],
): readonly ScenarioSeries[] {
  const part = (suffix: SelectorNode["suffix"], own: Labels, all: boolean): ScenarioSeries => ({
    ...counting(
      metric,
      own,
      ...phases.map(([minutes, within, beyond]): Phase => [minutes, within + (all ? beyond : 0)]),
    ),
    suffix,
  });
  return [
    ...limits.map((le) => part("_bucket", { ...labels, le }, false)),
    part("_bucket", { ...labels, le: "+Inf" }, true),
    part("_count", labels, true),
  ];
}

type Labels = Readonly<Record<string, string>>;

/** Calls of a tool: so many a minute succeed, and so many fail. */
export function calling(
  where: { readonly mcp_server?: string; readonly tool?: string; readonly instance?: string },
  ...phases: readonly (readonly [minutes: number, good: number, bad: number])[]
): readonly ScenarioSeries[] {
  const labels = { mcp_server: "files", tool: "read", ...where };
  const good = phases.map(([minutes, amount]): Phase => [minutes, amount]);
  const bad = phases.map(([minutes, , amount]): Phase => [minutes, amount]);
  return [
    counting(catalog.toolCalls, { ...labels, status: "success" }, ...good),
    counting(catalog.toolCalls, { ...labels, status: "error" }, ...bad),
    counting(catalog.toolCallErrors, { ...labels, error_type: "tool_error" }, ...bad),
  ];
}

/** A gateway that can be scraped all the time. */
export function scraped(minutes: number, instance = "a:8000"): ScenarioSeries {
  return level(prometheusMetrics.up, { instance }, [minutes, 1]);
}

/** The alerts that are told. */
export function keysOf(told: Told): readonly AlertKey[] {
  // The type admits no other keys.
  return Object.keys(told) as AlertKey[];
}

/** The public name of an alert. */
export function nameOf(key: AlertKey): `${typeof ALERT_PREFIX}${AlertKey}` {
  return `${ALERT_PREFIX}${key}`;
}
