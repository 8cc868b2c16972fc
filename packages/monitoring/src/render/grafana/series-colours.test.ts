import { describe, expect, test } from "vitest";
import { nodesOf } from "../../promql/node.ts";
import { resolveOptions } from "../../settings/options.ts";
import { buildStack } from "../../stack.ts";
import { grafanaDashboard } from "./dashboard.ts";
import { colourOf } from "./known-colours.ts";
import { PALETTE } from "./palette.ts";

const options = resolveOptions();
const stack = buildStack(options);
const { dashboards } = stack;
const charts = dashboards.flatMap((dashboard) =>
  dashboard.panels
    .filter(({ visualisation }) => visualisation === "timeseries")
    .map((panel) => ({ dashboard, panel, name: `${dashboard.uid} ${panel.key}` })),
);

/** Every closed enumeration that tells the series of some chart apart. */
const enumerations = new Map(
  charts.flatMap(({ panel }) =>
    panel.queries.flatMap(({ legend, expr }) => {
      const [, label = ""] = /^\{\{(\w+)\}\}$/.exec(legend) ?? [];
      return [...nodesOf(expr.node)].flatMap((node) => {
        const spec = node.kind === "selector" ? node.metric.labels[label] : undefined;
        return spec?.kind === "closed" ? [[spec.values.join(" "), spec.values] as const] : [];
      });
    }),
  ),
);

describe("colours of series", () => {
  test.each([...enumerations])("are fixed and different for each of: %s", (_name, values: readonly string[]) => {
    const colours = values.map(colourOf);
    expect(colours).not.toContain(undefined);
    // More values than there are colours are coloured by class.
    if (values.length <= Object.keys(PALETTE).length) expect(new Set(colours).size).toBe(values.length);
  });

  test("tell the ways of failing apart, and none of them is green", () => {
    const [types = []] = [...enumerations.values()].filter((values) => values.includes("circuit_open"));
    expect(types).toContain("tool_error");
    expect(types.map(colourOf)).not.toContain("green");
    const classOf = (type: string): string =>
      type.replace(/^upstream_.*/, "upstream").replace(/^(?:audit_unavailable|internal)$/, "gateway");
    const colours = new Map(types.map((type) => [classOf(type), colourOf(type)]));
    expect(new Set(colours.values()).size).toBe(colours.size);
  });

  test("are those of a failure on every chart of one failing share", () => {
    const failing = charts.filter(({ panel }) => panel.lines === "attention").map(({ name }) => name);
    expect(failing).toEqual([
      "mcp-hangar-overview failing-calls",
      "mcp-hangar-overview batch-item-failures",
      "mcp-hangar-overview batches-cut-short",
      "mcp-hangar-alerts condition-MCPHangarHighErrorRate",
      "mcp-hangar-alerts condition-MCPHangarBatchHighFailureRate",
      "mcp-hangar-alerts condition-MCPHangarHighLatencyP95",
      "mcp-hangar-alerts condition-MCPHangarHighLatencyP99",
      "mcp-hangar-alerts condition-MCPHangarBatchHighCancellationRate",
      "mcp-hangar-alerts condition-MCPHangarBatchSlowExecution",
      "mcp-hangar-alerts condition-MCPHangarBatchSizeTooLarge",
      "mcp-hangar-alerts condition-MCPHangarGCSlowCycles",
    ]);
    expect(schemes("mcp-hangar-overview failing-calls")).toEqual([{ mode: "shades", fixedColor: PALETTE.orange }]);
  });

  test("follow the name of a server, so that it looks the same beside other servers", () => {
    const perServer = charts.filter(({ panel }) =>
      panel.queries.some(({ legend }) => legend.includes("{{mcp_server}}")),
    );
    expect(perServer.length).toBeGreaterThan(10);
    for (const { name } of perServer) expect(schemes(name)).toEqual([{ mode: "palette-classic-by-name" }]);
  });

  test("are the same for a quantile everywhere", () => {
    const quantiles = charts.flatMap(({ panel, name }) =>
      panel.queries.flatMap(({ legend }) => (/^P\d+$/.test(legend) ? [{ legend, colour: fixed(name, legend) }] : [])),
    );
    const colours = new Map(quantiles.map(({ legend, colour }) => [legend, colour]));
    expect([...colours.keys()].sort()).toEqual(["P50", "P95", "P99"]);
    for (const { legend, colour } of quantiles) expect(colour).toBe(colours.get(legend));
    expect(new Set(colours.values()).size).toBe(3);
  });

  test("are grey where nothing has happened all the time, whatever the name, and the legend is silent about it", () => {
    const [panel] = rendered("mcp-hangar-overview refused-calls");
    const quiet = panel?.fieldConfig?.overrides?.at(-1);
    expect(quiet?.matcher).toEqual({ id: "byValue", options: { reducer: "allIsZero", op: "gte", value: 0 } });
    expect(quiet?.properties).toContainEqual({ id: "color", value: { mode: "fixed", fixedColor: PALETTE.grey } });
    expect(quiet?.properties.map(({ id }) => id)).toContain("custom.hideFrom");
  });

  test("differ between the windows of a burn rate", () => {
    const burn = charts.find(({ panel }) => panel.key === "burn-errors");
    const colours = (burn?.panel.queries ?? []).map(({ legend }) => fixed(burn?.name ?? "", legend));
    expect(new Set(colours).size).toBe(4);
    expect(colours).not.toContain(undefined);
  });
});

interface RenderedColour {
  readonly mode?: string;
  readonly fixedColor?: string;
}

/** What a chart says about colours where no name is fixed. */
function schemes(name: string): readonly (RenderedColour | undefined)[] {
  return rendered(name).map(({ fieldConfig }) => fieldConfig?.defaults?.color);
}

/** The colour of a series with a name of its own. */
function fixed(name: string, series: string): string | undefined {
  const [panel] = rendered(name);
  const own = panel?.fieldConfig?.overrides?.find(({ matcher }) => matcher.options === series);
  return own?.properties.find(({ id }) => id === "color")?.value?.fixedColor;
}

interface ColouredPanel {
  readonly id?: number;
  readonly fieldConfig?: {
    readonly defaults?: { readonly color?: RenderedColour };
    readonly overrides?: readonly {
      readonly matcher: { readonly options: unknown };
      readonly properties: readonly { readonly id: string; readonly value?: RenderedColour }[];
    }[];
  };
}

function rendered(name: string): readonly ColouredPanel[] {
  const chart = charts.find((each) => each.name === name);
  if (chart === undefined) throw new Error(`there is no chart ${name}`);
  // The renderer wrote these fields.
  const { panels } = JSON.parse(JSON.stringify(grafanaDashboard(chart.dashboard, stack))) as {
    readonly panels: readonly (ColouredPanel & { readonly panels?: readonly ColouredPanel[] })[];
  };
  return panels.flatMap((each) => [each, ...(each.panels ?? [])]).filter(({ id }) => id === chart.panel.id);
}
