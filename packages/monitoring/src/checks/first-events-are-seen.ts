import { catalog, type MetricDefinition, type RegisteredKind } from "@mcp-hangar/telemetry";
import { boundsOf } from "../promql/analyse.ts";
import { type Node, nodesOf } from "../promql/node.ts";
import type { Check } from "./check.ts";

/** Names whose counters the exporter shows with 0 first: it knows them before anything happens to them, or holds it back. */
const FORESEEN: readonly RegisteredKind[] = ["mcp_server", "tool", "source"];

const definitions = new Map<string, MetricDefinition>(Object.values(catalog).map((metric) => [metric.name, metric]));

/**
 * An alert on any event at all reads counters that exist from the start. A counter that is born with its first event has
 * no increase then, and the event is missed.
 */
export const firstEventsAreSeen: Check = {
  name: "first-events-are-seen",
  run({ alerts }) {
    return alerts.flatMap(({ id, expr }) =>
      [...nodesOf(expr.node)]
        .filter(isOnAnyEvent)
        .flatMap((node) => [...nodesOf(node)])
        .flatMap((node) => {
          const born = node.kind === "selector" ? bornLabels(node.metric.name) : [];
          if (node.kind !== "selector" || born.length === 0) return [];
          return [
            {
              subject: `alert ${id}`,
              expr,
              problem: `${node.metric.name} is born with the first event of each ${born.join(", ")}, which is no increase`,
              mend: "let the exporter foresee its label sets, or demand more than one event",
            },
          ];
        }),
    );
  },
};

/** `> 0` of something that is never negative, and so above zero with the first event. */
function isOnAnyEvent(node: Node): boolean {
  if (node.kind !== "binary" || node.operator !== ">" || node.right.kind !== "number" || node.right.value !== 0)
    return false;
  const counts = [...nodesOf(node.left)].some(
    (each) => each.kind === "call" && ["rate", "increase"].includes(each.name),
  );
  return counts && boundsOf(node.left)[0] >= 0;
}

/** Totals that the exporter reads from the gateway are always there; those that it counts itself only when foreseen. */
function bornLabels(name: string): readonly string[] {
  const metric = definitions.get(name);
  if (metric?.type !== "counter" || metric.on === undefined) return [];
  return Object.entries(metric.labels).flatMap(([label, spec]) =>
    spec.kind === "registered" && !FORESEEN.includes(spec.of) ? [label] : [],
  );
}
