import { catalog } from "@mcp-hangar/telemetry";
import { describe, expect, test } from "vitest";
import { defaultStack } from "../test/defaults.ts";
import { expressionsOf, type OwnedExpression } from "./checks/check.ts";
import { by, count, max, min, sum } from "./promql/aggregate.ts";
import { prometheusMetrics } from "./promql/external.ts";
import { changes, maxOverTime } from "./promql/functions.ts";
import { type AggregateNode, isComparison, type Node, nodesOf, type SelectorNode } from "./promql/node.ts";
import { compare } from "./promql/operators.ts";
import { series } from "./promql/select.ts";
import type { Expression } from "./promql/vector.ts";

/** Operators after which a value is still one of the values that gateways report, or what they report together. */
const JOINING: ReadonlySet<string> = new Set(["min", "max", "avg", "sum"]);
const LEVEL_OVER_TIME: ReadonlySet<string> = new Set([
  "min_over_time",
  "max_over_time",
  "avg_over_time",
  "last_over_time",
]);

/** How an expression makes one value of those that several series of a gauge have. */
interface Join {
  readonly subject: string;
  readonly metric: string;
  readonly operator: string;
  /** Values of several gateways become one. */
  readonly overGateways: boolean;
}

function joinsOf({ subject, expr }: Pick<OwnedExpression, "subject" | "expr">): readonly Join[] {
  return [...nodesOf(expr.node)]
    .filter((node): node is AggregateNode => node.kind === "aggregate" && JOINING.has(node.operator))
    .flatMap((node) => {
      const overGateways = node.grouping?.labels.includes("instance") !== true;
      return gaugesOf(node.of).map(({ metric }) => ({
        subject,
        metric: metric.name,
        operator: node.operator,
        overGateways,
      }));
    });
}

/**
 * The gauges whose own values a node has. How often a value changes, say, is another measure than the value. `up` is not among
 * them: Prometheus says it about gateways, and the share of those that are up is what availability is.
 */
function gaugesOf(node: Node): readonly SelectorNode[] {
  switch (node.kind) {
    case "selector":
      return node.metric.type === "gauge" && node.metric !== prometheusMetrics.up ? [node] : [];
    case "call":
      return LEVEL_OVER_TIME.has(node.name)
        ? node.arguments.flatMap((each) => (typeof each === "string" ? [] : gaugesOf(each)))
        : [];
    case "binary":
      if (node.operator === "or") return [...gaugesOf(node.left), ...gaugesOf(node.right)];
      return ["and", "unless"].includes(node.operator) || isComparison(node.operator) ? gaugesOf(node.left) : [];
    default:
      return [];
  }
}

/** Gauges of which one place shows another value than the other does, when gateways differ. */
function contradictions(joins: readonly Join[]): readonly string[] {
  return [...Map.groupBy(joins, ({ metric }) => metric)].flatMap(([metric, all]) => {
    const conflicting = [all.filter(({ overGateways }) => overGateways), all.filter(isExtreme)].some(
      (some) => new Set(some.map(({ operator }) => operator)).size > 1,
    );
    return conflicting
      ? [`${metric}: ${all.map(({ operator, subject }) => `${operator} in ${subject}`).join(", ")}`]
      : [];
  });
}

/** The least and the greatest contradict each other even for one gateway, whose name two jobs can use. */
function isExtreme({ operator }: Join): boolean {
  return operator === "min" || operator === "max";
}

describe("a gauge that several gateways report", () => {
  test("is one value by the same rule in every panel, alert, recording rule and runbook", () => {
    const joins = expressionsOf(defaultStack).flatMap(joinsOf);
    expect(new Set(joins.map(({ metric }) => metric)).size).toBeGreaterThan(30);
    expect(contradictions(joins)).toEqual([]);
  });

  const up = series(catalog.serverUp);
  const perServer = by("mcp_server");
  test.each<[what: string, found: boolean, ...exprs: readonly Expression[]]>([
    ["the worst and the best", true, min(up, perServer), max(up, perServer)],
    ["the worst, and a sum of all", true, min(up, perServer), sum(up, perServer)],
    [
      "the worst, and how many are up in the best case",
      true,
      min(up, perServer),
      count(compare(max(up, perServer), "==", 0)),
    ],
    ["the worst, and the best within a while", true, min(up, perServer), max(maxOverTime(up, "5m"), perServer)],
    ["the worst and the best of one instance", true, min(up, by("instance")), max(up, by("instance"))],
    ["the worst, by other labels", false, min(up, perServer), min(up, by("job", "mcp_server"))],
    ["the worst, and a sum for each gateway", false, min(up, perServer), sum(up, by("instance"))],
    ["the worst, and how often it changes", false, min(up, perServer), max(changes(up, "30m"), perServer)],
  ])("is looked at: %s", (_what, found, ...exprs) => {
    const joins = exprs.flatMap((expr) => joinsOf({ subject: "a panel", expr }));
    expect(contradictions(joins)).toHaveLength(found ? 1 : 0);
  });
});
