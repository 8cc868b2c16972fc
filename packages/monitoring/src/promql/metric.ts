import type { LabelSpec, LabelSpecs } from "@mcp-hangar/telemetry";

/**
 * Labels that Prometheus adds to every scraped series. `service` and `tier` come from the scrape configuration that is
 * generated beside the rules.
 */
export const TARGET_LABELS = ["job", "instance", "service", "tier"] as const;
export type TargetLabel = (typeof TARGET_LABELS)[number];

/** What a rule or a panel can select: a metric of the catalog, of the runtime, of Prometheus itself, or a recorded one. */
export type Metric = ScrapedMetric | RecordedMetric;

/** A scraped metric. The definitions of the telemetry catalog are such metrics as they are. */
export interface ScrapedMetric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: LabelSpecs;
  /** Finite upper boundaries, ascending; of a histogram. */
  readonly buckets?: readonly number[];
}

/** A series that a recording rule makes. It has no labels but its own. */
export interface RecordedMetric {
  readonly name: string;
  readonly type: "recorded";
  readonly labels: LabelSpecs;
  /** What its values can be. */
  readonly bounds: Bounds;
}

/** The least and the greatest value an expression can have. */
export type Bounds = readonly [least: number, greatest: number];

/** A label whose values are not known before run time, such as those of Prometheus itself. */
export const openLabel: LabelSpec = { kind: "registered", of: "build", absent: "" };

/** Labels by their names, all open. */
export function openLabels<const Name extends string>(names: readonly Name[]): Readonly<Record<Name, LabelSpec>> {
  // The entries are made from the names, so that the keys are exactly these.
  return Object.fromEntries(names.map((name) => [name, openLabel])) as Record<Name, LabelSpec>;
}
