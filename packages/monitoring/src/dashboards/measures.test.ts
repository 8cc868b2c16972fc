import { describe, expect, test } from "vitest";
import { defaultStack } from "../../test/defaults.ts";
import { type Node, nodesOf } from "../promql/node.ts";
import { printPromql } from "../promql/print.ts";

const queries = defaultStack.dashboards.flatMap(({ uid, panels }) =>
  panels.flatMap(({ key, queries: asked }) => asked.map(({ expr }) => ({ name: `${uid} ${key}`, expr }))),
);

describe("measures of dashboards", () => {
  test("show shares of what is counted from 0 to 100 %, though both counts are estimates", () => {
    const shares = queries.filter(({ expr }) => [...nodesOf(expr.node)].some(isRatioOfCounters));
    const shown = shares.map(({ expr }) => printPromql(expr).replaceAll(/\s/g, ""));
    const complements = shown.filter((text) => /^clamp_min\(1-.*,0\)$/.test(text));
    const parts = shown.filter((text) => /^(topk\(\d+,)?clamp_max\((?!1-).*,1\)\)?$/.test(text));
    expect(complements.length).toBeGreaterThan(4);
    expect(parts.length).toBeGreaterThan(10);
    expect(shown.filter((text) => !complements.includes(text) && !parts.includes(text))).toEqual([]);
  });

  test("take quantiles of five minutes, so that those of quiet servers do not jump from bucket to bucket", () => {
    const ranges = queries.flatMap(({ expr }) =>
      [...nodesOf(expr.node)]
        .filter((node) => node.kind === "call" && node.name === "histogram_quantile")
        .flatMap((node) => [...nodesOf(node)].flatMap((each) => (each.kind === "selector" ? [each.range] : []))),
    );
    expect(ranges.length).toBeGreaterThan(10);
    expect(new Set(ranges)).toEqual(new Set(["5m"]));
  });
});

function isRatioOfCounters(node: Node): boolean {
  return node.kind === "binary" && node.operator === "/" && readsCounters(node.left) && readsCounters(node.right);
}

function readsCounters(node: Node): boolean {
  return [...nodesOf(node)].some((each) => each.kind === "call" && ["rate", "increase"].includes(each.name));
}
