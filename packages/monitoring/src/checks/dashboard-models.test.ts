import { catalog } from "@mcp-hangar/telemetry";
import { describe, expect, test } from "vitest";
import { defaultStack } from "../../test/defaults.ts";
import type { Dashboard, Panel } from "../dashboards/model.ts";
import type { Unit } from "../names.ts";
import { by, count, sum } from "../promql/aggregate.ts";
import { prometheusMetrics } from "../promql/external.ts";
import { rate } from "../promql/functions.ts";
import { nodesOf } from "../promql/node.ts";
import { quantityOf } from "../promql/quantity.ts";
import { series } from "../promql/select.ts";
import type { Expression } from "../promql/vector.ts";
import type { Stack } from "../stack.ts";
import { alertsAreDrawn } from "./alerts-are-drawn.ts";
import { changesAreMarked } from "./changes-are-marked.ts";
import type { Check } from "./check.ts";
import { legendsHaveLabels } from "./legends-have-labels.ts";
import { metricExists } from "./metric-exists.ts";
import { metricsAreShown } from "./metrics-are-shown.ts";
import { unitsFit } from "./units-fit.ts";
import { zeroAlertsAreShown } from "./zero-alerts-are-shown.ts";

const stack = defaultStack;

function problems({ run }: Check, of: Stack): readonly string[] {
  return run(of).map(({ subject, problem }) => `${subject}: ${problem}`);
}

/** The stack with one panel changed. */
function withPanel(key: string, change: (panel: Panel) => Partial<Panel>): Stack {
  let found = false;
  const dashboards = stack.dashboards.map(
    (dashboard): Dashboard => ({
      ...dashboard,
      panels: dashboard.panels.map((panel) => {
        if (panel.key !== key) return panel;
        found = true;
        return { ...panel, ...change(panel) };
      }),
    }),
  );
  if (!found) throw new Error(`there is no panel ${key}`);
  return { ...stack, dashboards };
}

const callsByServer = sum(rate(series(catalog.toolCalls), "5m"), by("mcp_server"));
const firing = series(prometheusMetrics.alerts, { alertstate: "firing" });

/** Ways to break the model of a dashboard, each with the check that must find it and what it must say. */
const DEFECTS: readonly (readonly [defect: string, check: Check, broken: Stack, says: string])[] = [
  [
    "a legend with a label that the aggregation drops",
    legendsHaveLabels,
    withPanel("calls-by-server", () => ({ queries: [{ expr: callsByServer, legend: "{{tool}}" }] })),
    "panel calls-by-server of mcp-hangar-overview: the legend uses the label tool, which the expression does not keep",
  ],
  [
    "a link that needs a label which the aggregation drops",
    legendsHaveLabels,
    withPanel("calls-by-tool", () => ({ queries: [{ expr: callsByServer, legend: "{{mcp_server}}" }] })),
    "the link uses the label tool",
  ],
  [
    "an annotation with a label that the aggregation drops",
    legendsHaveLabels,
    {
      ...stack,
      dashboards: stack.dashboards.map((dashboard) => ({
        ...dashboard,
        annotations: [{ name: "Calls", expr: callsByServer, title: "{{tool}}", tags: [], tone: "neutral" }],
      })),
    },
    "annotation Calls of mcp-hangar-overview: the text uses the label tool",
  ],
  [
    "an annotation of a metric that does not exist",
    metricExists,
    {
      ...stack,
      dashboards: stack.dashboards.map((dashboard) => ({
        ...dashboard,
        annotations: [
          {
            name: "Old",
            expr: series({ name: "mcp_hangar_provider_up", type: "gauge", labels: {} }),
            title: "",
            tags: [],
            tone: "neutral",
          },
        ],
      })),
    },
    "annotation Old of mcp-hangar-overview: the metric mcp_hangar_provider_up does not exist",
  ],
  [
    "a dashboard that does not mark deployments",
    changesAreMarked,
    {
      ...stack,
      dashboards: stack.dashboards.map((dashboard) => ({
        ...dashboard,
        annotations: dashboard.annotations.filter(({ name }) => name !== "Deployment"),
      })),
    },
    "dashboard mcp-hangar-slo: no annotation marks deployments",
  ],
  [
    "a metric that no panel shows",
    metricsAreShown,
    withoutMetric(catalog.httpConnections.name),
    "metric mcp_hangar_http_connections: no panel shows it",
  ],
  [
    "an alert that is not on the dashboard to which it links",
    alertsAreDrawn,
    withoutAlert("MCPHangarHighErrorRate", "mcp-hangar-overview"),
    "alert MCPHangarHighErrorRate: no panel of mcp-hangar-overview, to which it links, shows it",
  ],
  [
    "a line that is not the threshold of its alert",
    alertsAreDrawn,
    withPanel("failing-calls", () => ({ thresholds: [{ value: 0.2, tone: "bad" }] })),
    "panel failing-calls of mcp-hangar-overview: the threshold 0.1 of MCPHangarHighErrorRate is not drawn",
  ],
  [
    "a line that is not the limit of a quantile",
    alertsAreDrawn,
    withPanel("latency", () => ({ thresholds: [{ value: 5, tone: "attention" }] })),
    "the threshold 3 of MCPHangarHighLatencyP95 is not drawn",
  ],
  [
    "a share in per cent that is called a share",
    unitsFit,
    withPanel("failing-calls", ({ queries }) => ({
      queries: queries.map((query) => ({ ...query, expr: times(100, query.expr) })),
    })),
    "panel failing-calls of mcp-hangar-overview: share is shown 100 × too high with the unit percentunit",
  ],
  [
    "seconds that are called milliseconds",
    unitsFit,
    withPanel("latency", () => ({ unit: "ms" as Unit })),
    "panel latency of mcp-hangar-overview: seconds is shown 1000 × too low with the unit ms",
  ],
  [
    "a rate that is called a number of seconds",
    unitsFit,
    withPanel("calls-by-server", () => ({ unit: "s" })),
    "panel calls-by-server of mcp-hangar-overview: the unit s does not fit what is measured: number per second",
  ],
  [
    "a point in time that is not in milliseconds",
    unitsFit,
    withPanel("exporters", ({ queries }) => ({
      queries: queries.map((query) =>
        query.column?.unit === "dateTimeFromNow" ? { ...query, expr: times(1 / 1_000, query.expr) } : query,
      ),
    })),
    "point in time is shown 1000 × too low with the unit dateTimeFromNow",
  ],
  [
    "a column of a table in another unit",
    unitsFit,
    withPanel("servers", ({ queries }) => ({
      queries: queries.map((query) =>
        query.column?.unit === "percentunit" ? { ...query, column: { ...query.column, unit: "reqps" } } : query,
      ),
    })),
    "the unit reqps does not fit what is measured: share",
  ],
  [
    "a heatmap of seconds whose axis says bytes",
    unitsFit,
    withPanel("latency-heatmap", () => ({ unit: "bytes" })),
    "the unit bytes does not fit what is measured: seconds",
  ],
  [
    "an alert whose share is told as a rate",
    unitsFit,
    {
      ...stack,
      alerts: stack.alerts.map((alert) =>
        alert.id === "MCPHangarHighErrorRate"
          ? { ...alert, conditions: alert.conditions.map((each) => ({ ...each, unit: "cps" as const })) }
          : alert,
      ),
    },
    "alert MCPHangarHighErrorRate: the unit cps does not fit what is measured: share",
  ],
  [
    "a count of alerts that shows no data instead of zero",
    zeroAlertsAreShown,
    withPanel("firing-critical", () => ({ queries: [{ expr: count(firing), legend: "Critical" }] })),
    "panel firing-critical of mcp-hangar-alerts: without alerts it shows nothing",
  ],
  [
    "a table of alerts that says no data",
    zeroAlertsAreShown,
    withPanel("firing", () => ({ whenEmpty: "" })),
    "panel firing of mcp-hangar-alerts: without alerts it shows nothing",
  ],
  [
    "a timeline of alerts without a row that is always there",
    zeroAlertsAreShown,
    withPanel("alert-timeline", ({ queries }) => ({ queries: queries.slice(1) })),
    "panel alert-timeline of mcp-hangar-alerts: without alerts it shows nothing",
  ],
];

describe("a broken dashboard", () => {
  test.each(DEFECTS)("is refused: %s", (_, check, broken, says) => {
    expect(problems(check, stack)).toEqual([]);
    expect(problems(check, broken).join("\n")).toContain(says);
  });
});

function times(value: number, of: Expression): Expression {
  return { node: { kind: "binary", operator: "*", left: of.node, right: { kind: "number", value } } };
}

function withoutMetric(name: string): Stack {
  return {
    ...stack,
    dashboards: stack.dashboards.map((dashboard) => ({
      ...dashboard,
      panels: dashboard.panels.filter(({ queries }) =>
        queries.every(({ expr }) =>
          [...nodesOf(expr.node)].every((node) => node.kind !== "selector" || node.metric.name !== name),
        ),
      ),
    })),
  };
}

function withoutAlert(name: string, uid: string): Stack {
  return {
    ...stack,
    dashboards: stack.dashboards.map((dashboard) => ({
      ...dashboard,
      panels: dashboard.panels.map((panel) => ({
        ...panel,
        alerts: dashboard.uid === uid ? panel.alerts.filter((alert) => alert.name !== name) : panel.alerts,
      })),
    })),
  };
}

test("what every panel and alert of the product measures is known, so that none escapes the check of its unit", () => {
  const measures = stack.alerts.flatMap(({ conditions }) => conditions.map(({ measure }) => measure));
  const shown = stack.dashboards.flatMap(({ panels }) =>
    panels.flatMap(({ queries }) => queries.map(({ expr }) => expr)),
  );
  expect([...measures, ...shown].filter(({ node }) => quantityOf(node) === undefined)).toEqual([]);
});
