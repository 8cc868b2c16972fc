import type { LabelSpec, LabelSpecs } from "@mcp-hangar/telemetry";
import type { EventMetric } from "./event-metric.ts";
import { type Labels, OTHER } from "./label-values.ts";

/** For each label, those of its closed values that cannot occur in this gateway. */
export type ImpossibleValues = Readonly<Record<string, readonly string[]>>;

/** Names whose series shall exist from the start. */
export interface NamesToReserve {
  /** The tools of each server that were called. */
  readonly servers: ReadonlyMap<string, Iterable<string>>;
  readonly sources: Iterable<string>;
}

/**
 * Makes the series of every label set that can be foreseen exist with 0, so that graphs and alerts have something to read.
 */
export function preInitialise(
  { definition, labelSets }: EventMetric,
  names: NamesToReserve,
  impossible: ImpossibleValues,
): void {
  // A call may name a server or a tool that does not resolve, so the series for that are foreseen as well.
  const others = "call.finished" in (definition.on ?? {}) ? [OTHER] : [];
  for (const labels of foreseen(definition.labels, names, others)) {
    if (isPossible(labels, impossible)) labelSets.reserve(labels);
  }
}

/** The label sets that can be foreseen of each server, with an empty name in its place. */
export function foreseenOfServer(
  { labels, on }: EventMetric["definition"],
  impossible: ImpossibleValues,
): readonly Labels[] {
  if (!("mcp_server" in labels)) return [];
  const others = "call.finished" in (on ?? {}) ? [OTHER] : [];
  const sets = foreseen(labels, { servers: new Map([["", []]]), sources: [] }, others);
  return sets.filter((set) => set.mcp_server === "" && isPossible(set, impossible));
}

function isPossible(labels: Labels, impossible: ImpossibleValues): boolean {
  return !Object.entries(labels).some(([name, value]) => impossible[name]?.includes(value) === true);
}

function foreseen(specs: LabelSpecs, names: NamesToReserve, others: readonly string[]): readonly Labels[] {
  let sets: Labels[] = [{}];
  for (const [name, spec] of Object.entries(specs)) {
    sets = sets.flatMap((set) => valuesOf(spec, set, names, others).map((value) => ({ ...set, [name]: value })));
  }
  return sets;
}

function valuesOf(
  spec: LabelSpec,
  set: Labels,
  { servers, sources }: NamesToReserve,
  others: readonly string[],
): readonly string[] {
  if (spec.kind === "closed") return spec.values;
  switch (spec.of) {
    case "mcp_server":
      return [...servers.keys(), ...others];
    case "tool":
      return [...(servers.get(set.mcp_server ?? OTHER) ?? []), ...others];
    case "source":
      return [...sources, ...others];
    case "principal":
      return others;
    case "group":
    case "operation":
    case "exporter":
    case "listener":
    case "metric":
    case "build":
      return [];
  }
}
