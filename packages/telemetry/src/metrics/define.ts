import type { HangarEventOf, HangarEventType } from "../events.ts";
import type { RegisteredName } from "../registered-name.ts";
import type { ScrapeSnapshot } from "../snapshot.ts";
import type { ServerMode } from "../vocabulary.ts";

/** What a registered label names. The kind tells which known names its series can be pre-initialised with. */
export type RegisteredKind =
  | "mcp_server"
  | "tool"
  | "group"
  | "source"
  | "principal"
  | "operation"
  | "exporter"
  | "listener"
  | "metric"
  | "build";

/** A label whose values are a closed enumeration. */
export interface ClosedLabel<Value extends string = string> {
  readonly kind: "closed";
  readonly values: readonly Value[];
}

/** A label whose values are names from the configuration or a registry. */
export interface RegisteredLabel {
  readonly kind: "registered";
  readonly of: RegisteredKind;
  /** What stands for a name that is absent or did not resolve. */
  readonly absent: "_other" | "";
}

export type LabelSpec = ClosedLabel | RegisteredLabel;
export type LabelSpecs = Readonly<Record<string, LabelSpec>>;

/** What a derivation supplies for each declared label; `undefined` becomes the label's `absent` value. */
export type LabelValues<Labels extends LabelSpecs> = {
  readonly [Name in keyof Labels]: Labels[Name] extends ClosedLabel<infer Value> ? Value : RegisteredName | undefined;
};

/** One observation: `value` is the increment of a counter, the observed value of a histogram, the level of a gauge. */
export interface Sample<Labels extends LabelSpecs> {
  readonly labels: LabelValues<Labels>;
  readonly value: number;
}

export type Samples<Labels extends LabelSpecs> = Sample<Labels> | readonly Sample<Labels>[] | undefined;

/** For each event type that the metric is derived from, the samples of one event. */
export type EventDerivation<Labels extends LabelSpecs> = {
  readonly [Type in HangarEventType]?: (event: HangarEventOf<Type>) => Samples<Labels>;
};

/** Reads the metric's current levels, or monotonic totals, off the gateway at scrape time. */
export type SnapshotDerivation<Labels extends LabelSpecs> = (snapshot: ScrapeSnapshot) => readonly Sample<Labels>[];

type UnionKeys<T> = T extends unknown ? keyof T : never;
type SuppliedLabels<Result> = Result extends readonly (infer Item)[]
  ? SuppliedLabels<Item>
  : Result extends { readonly labels: infer Labels }
    ? UnionKeys<Labels>
    : never;

/** Nothing to add when a derivation supplies declared labels only; TypeScript does not check returned objects for more. */
type ExactLabels<Derive, Labels extends LabelSpecs> = Derive extends (...args: never) => infer Result
  ? [Exclude<SuppliedLabels<Result>, keyof Labels>] extends [never]
    ? unknown
    : { readonly labelsThatAreNotDeclared: Exclude<SuppliedLabels<Result>, keyof Labels> }
  : unknown;

type ExactDerivations<On, Labels extends LabelSpecs> = {
  readonly [Type in keyof On]: Type extends HangarEventType ? ExactLabels<On[Type], Labels> : never;
};

interface Definition<Name extends string, Labels extends LabelSpecs> {
  readonly name: Name;
  readonly help: string;
  readonly labels: Labels;
  /**
   * Modes of the servers whose label sets exist with 0 from the start; of every server when absent. The others come with
   * their first event, as what hardly any server has need not be on each scrape of a large fleet.
   */
  readonly foreseenOf?: readonly ServerMode[];
}

type CounterName = `mcp_hangar_${string}_total`;
type HistogramName = `mcp_hangar_${string}_seconds` | `mcp_hangar_${string}_size`;
/** A gauge must not look like a counter or like a part of a histogram. */
type GaugeName<Name extends string> = Name extends `${string}_${"total" | "count" | "sum" | "bucket"}` ? never : Name;

export interface CounterDefinition<Name extends string = string, Labels extends LabelSpecs = LabelSpecs>
  extends Definition<Name, Labels> {
  readonly type: "counter";
  /** From events, or from totals that the snapshot carries; never both. */
  readonly on: EventDerivation<Labels> | undefined;
  readonly read: SnapshotDerivation<Labels> | undefined;
}

export interface GaugeDefinition<Name extends string = string, Labels extends LabelSpecs = LabelSpecs>
  extends Definition<Name, Labels> {
  readonly type: "gauge";
  readonly read: SnapshotDerivation<Labels>;
}

export interface HistogramDefinition<
  Name extends string = string,
  Labels extends LabelSpecs = LabelSpecs,
  Boundary extends number = number,
> extends Definition<Name, Labels> {
  readonly type: "histogram";
  /** Finite upper boundaries, ascending, in the unit of the name. */
  readonly buckets: readonly Boundary[];
  readonly on: EventDerivation<Labels>;
}

export type MetricDefinition = CounterDefinition | GaugeDefinition | HistogramDefinition;

/** A closed label: only these values compile. */
export function oneOf<const Value extends string>(values: readonly Value[]): ClosedLabel<Value> {
  return { kind: "closed", values };
}

/** A label of registered names; a name that does not resolve becomes `_other`. */
export function nameOf(of: RegisteredKind): RegisteredLabel {
  return { kind: "registered", of, absent: "_other" };
}

/** A label of registered names that may be absent, which Prometheus writes as the empty string. */
export function optionalNameOf(of: RegisteredKind): RegisteredLabel {
  return { kind: "registered", of, absent: "" };
}

/** A counter. Its name must end in `_total`; it is derived from events (`on`) or from totals of the snapshot (`read`). */
export function counter<
  Name extends CounterName,
  const Labels extends LabelSpecs,
  On extends EventDerivation<NoInfer<Labels>> = EventDerivation<Labels>,
  Read extends SnapshotDerivation<NoInfer<Labels>> = SnapshotDerivation<Labels>,
>(
  definition: Definition<Name, Labels> &
    (
      | { readonly on: On & ExactDerivations<On, Labels>; readonly read?: never }
      | { readonly read: Read & ExactLabels<Read, Labels>; readonly on?: never }
    ),
): CounterDefinition<Name, Labels> {
  const { name, help, labels, on, read, foreseenOf } = definition;
  return { type: "counter", name, help, labels, on, read, ...(foreseenOf && { foreseenOf }) };
}

/** A gauge, always read from the snapshot at scrape time. */
export function gauge<
  Name extends `mcp_hangar_${string}`,
  const Labels extends LabelSpecs,
  Read extends SnapshotDerivation<NoInfer<Labels>>,
>(
  definition: Definition<Name & GaugeName<Name>, Labels> & { readonly read: Read & ExactLabels<Read, Labels> },
): GaugeDefinition<Name, Labels> {
  return { type: "gauge", ...definition };
}

/** A histogram over declared bucket boundaries, in seconds or as a size. */
export function histogram<
  Name extends HistogramName,
  const Labels extends LabelSpecs,
  const Boundary extends number,
  On extends EventDerivation<NoInfer<Labels>>,
>(
  definition: Definition<Name, Labels> & {
    readonly buckets: readonly Boundary[];
    readonly on: On & ExactDerivations<On, Labels>;
  },
): HistogramDefinition<Name, Labels, Boundary> {
  return { type: "histogram", ...definition };
}

/**
 * A bucket boundary as the label `le` spells it, whatever the exposition format: with a decimal point, as OpenMetrics
 * demands and as Prometheus 3 stores it. Rules and panels that select a bucket use this, or they match nothing.
 */
export function bucketLabel(boundary: number): string {
  if (boundary === Number.POSITIVE_INFINITY) return "+Inf";
  const text = String(boundary);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
