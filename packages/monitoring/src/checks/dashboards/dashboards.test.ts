import { describe, expect, test } from "vitest";
import { defaultStack } from "../../../test/defaults.ts";
import { grafanaDashboard } from "../../render/grafana/dashboard.ts";
import { resolveOptions } from "../../settings/options.ts";
import { buildStack } from "../../stack.ts";
import { describeViolation } from "../check.ts";
import { dashboardChecks } from "../index.ts";
import { jsonChecks } from "./index.ts";

const stack = defaultStack;

/** JSON that a test may change as it likes. */
// biome-ignore lint/suspicious/noExplicitAny: a broken dashboard has no type
type Json = any;

function rendered(uid: string): Json {
  const dashboard = stack.dashboards.find((each) => each.uid === uid);
  if (dashboard === undefined) throw new Error(`there is no dashboard ${uid}`);
  return JSON.parse(JSON.stringify(grafanaDashboard(dashboard, stack)));
}

function panel(dashboard: Json, type: string): Json {
  return dashboard.panels.find((each: Json) => each.type === type);
}

function variable(dashboard: Json, name: string): Json {
  return dashboard.templating.list.find((each: Json) => each.name === name);
}

function findings(name: string, dashboard: Json): readonly string[] {
  const others = stack.dashboards.filter(({ title }) => title !== dashboard.title).map(({ uid }) => rendered(uid));
  const around = { stack, dashboards: [dashboard, ...others] };
  return jsonChecks
    .filter((check) => check.name === name)
    .flatMap(({ run }) => run(dashboard, around))
    .map(({ where = "", problem }) => `${where}: ${problem}`);
}

test("the dashboards that are shipped keep every rule", () => {
  const violations = dashboardChecks.flatMap(({ name, run }) => run(stack).map((found) => ({ check: name, ...found })));
  expect(violations.map(describeViolation)).toEqual([]);
});

test("every rule of Grafana's dashboard linter is here under its name", () => {
  const names = jsonChecks.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      "template-datasource-rule",
      "template-job-rule",
      "template-instance-rule",
      "template-label-promql-rule",
      "template-on-time-change-reload-rule",
      "panel-datasource-rule",
      "panel-title-description-rule",
      "panel-units-rule",
      "panel-no-targets-rule",
      "target-logql-rule",
      "target-logql-auto-rule",
      "target-promql-rule",
      "target-rate-interval-rule",
      "target-job-rule",
      "target-instance-rule",
      "target-counter-agg-rule",
      "uneditable-dashboard",
    ]),
  );
  expect(new Set(names).size).toBe(names.length);
});

/** Ways to break the JSON of a dashboard, each with the rule that must find it and a part of what it must say. */
const DEFECTS: readonly (readonly [defect: string, rule: string, says: string, spoil: (dashboard: Json) => void])[] = [
  [
    "no choice of a data source",
    "template-datasource-rule",
    "the reader cannot choose a Prometheus",
    (d) => d.templating.list.shift(),
  ],
  [
    "a data source under another name",
    "template-datasource-rule",
    "it is named ds",
    (d) => {
      d.templating.list[0].name = "ds";
    },
  ],
  ["no choice of a job", "template-job-rule", "cannot choose the job", (d) => d.templating.list.splice(1, 1)],
  [
    "a job of which only one can be chosen",
    "template-job-rule",
    "it takes one value only",
    (d) => {
      variable(d, "job").multi = false;
    },
  ],
  [
    "a choice of jobs that all have the absence of a job too",
    "template-job-rule",
    'all of it is ".*", not ".+"',
    (d) => {
      variable(d, "job").allValue = ".*";
    },
  ],
  [
    "no choice of an instance",
    "template-instance-rule",
    "cannot choose the instance",
    (d) => d.templating.list.splice(2, 1),
  ],
  [
    "an instance from a fixed data source",
    "template-instance-rule",
    "its data source is abc",
    (d) => {
      variable(d, "instance").datasource.uid = "abc";
    },
  ],
  [
    "a choice that is filled by nonsense",
    "template-label-promql-rule",
    "its query cannot be read",
    (d) => {
      variable(d, "job").query.query = "label_values(up{job=, job)";
    },
  ],
  [
    "a choice that is filled by no function",
    "template-label-promql-rule",
    'its query is "up"',
    (d) => {
      variable(d, "job").query.query = "up";
    },
  ],
  [
    "a choice that is never filled again",
    "template-on-time-change-reload-rule",
    "it is refreshed by 1",
    (d) => {
      variable(d, "instance").refresh = 1;
    },
  ],
  [
    "a panel with a fixed data source",
    "panel-datasource-rule",
    "its data source is prometheus",
    (d) => {
      panel(d, "stat").datasource.uid = "prometheus";
    },
  ],
  [
    "a query without a data source",
    "panel-datasource-rule",
    "its data source is missing",
    (d) => {
      delete panel(d, "timeseries").targets[0].datasource;
    },
  ],
  [
    "an annotation with a fixed data source",
    "panel-datasource-rule",
    "annotation Gateway start: its data source is x",
    (d) => {
      d.annotations.list[0].datasource = { uid: "x" };
    },
  ],
  [
    "a panel without a title",
    "panel-title-description-rule",
    "it has no title",
    (d) => {
      panel(d, "stat").title = "";
    },
  ],
  [
    "a panel without a description",
    "panel-title-description-rule",
    "it has no description",
    (d) => {
      delete panel(d, "table").description;
    },
  ],
  [
    "a description that takes a minute to read",
    "panel-title-description-rule",
    "its description has 500 characters",
    (d) => {
      panel(d, "table").description = `${"a".repeat(499)}.`;
    },
  ],
  [
    "a unit that Grafana does not know",
    "panel-units-rule",
    'Grafana has no unit "calls/s"',
    (d) => {
      panel(d, "stat").fieldConfig.defaults.unit = "calls/s";
    },
  ],
  [
    "no unit",
    "panel-units-rule",
    "it has no unit",
    (d) => {
      delete panel(d, "timeseries").fieldConfig.defaults.unit;
    },
  ],
  [
    "a column with an unknown unit",
    "panel-units-rule",
    'Grafana has no unit "sec"',
    (d) => {
      panel(d, "table").fieldConfig.overrides.push({ properties: [{ id: "unit", value: "sec" }] });
    },
  ],
  [
    "a panel that asks nothing",
    "panel-no-targets-rule",
    "it has no query",
    (d) => {
      panel(d, "timeseries").targets = [];
    },
  ],
  [
    "queries without names",
    "panel-no-targets-rule",
    "its queries are named",
    (d) => {
      delete panel(d, "table").targets[1].refId;
    },
  ],
  [
    "two queries with one name",
    "panel-no-targets-rule",
    "its queries are named A, A",
    (d) => {
      panel(d, "table").targets[1].refId = "A";
    },
  ],
  [
    "a query for another kind of data source",
    "target-logql-rule",
    "it is for tempo",
    (d) => {
      panel(d, "stat").targets[0].datasource.type = "tempo";
    },
  ],
  [
    "a query for Loki that is PromQL",
    "target-logql-rule",
    "it is no LogQL at",
    (d) => {
      panel(d, "stat").targets[0].datasource.type = "loki";
    },
  ],
  [
    "lines that are counted over a fixed range",
    "target-logql-auto-rule",
    "lines are counted over 5m",
    (d) => {
      const [target] = panel(d, "stat").targets;
      target.datasource.type = "loki";
      target.expr = 'sum(count_over_time({service_name="mcp-hangar"} [5m]))';
    },
  ],
  [
    "a query for a fixed Loki",
    "panel-datasource-rule",
    "its data source is logs",
    (d) => {
      panel(d, "stat").targets[0].datasource = { type: "loki", uid: "logs" };
    },
  ],
  ["a query that is no PromQL", "target-promql-rule", "it cannot be read at", (d) => setExpr(d, "sum(rate(up[5m])")],
  ["an empty query", "target-promql-rule", "it is empty", (d) => setExpr(d, " ")],
  [
    "an annotation that is no PromQL",
    "target-promql-rule",
    "annotation Gateway start: it cannot be read",
    (d) => {
      d.annotations.list[0].expr = "up{";
    },
  ],
  [
    "a rate over a fixed range",
    "target-rate-interval-rule",
    "the rate of mcp_hangar_tool_calls_total has the range 5m",
    (d) => setExpr(d, 'sum(rate(mcp_hangar_tool_calls_total{job=~"$job", instance=~"$instance"}[5m]))'),
  ],
  [
    "a rate over the interval, which is empty when zoomed in",
    "target-rate-interval-rule",
    "has the range $__interval",
    (d) => setExpr(d, "rate(mcp_hangar_gc_cycles_total[$__interval])"),
  ],
  [
    "a query for all jobs",
    "target-job-rule",
    "mcp_hangar_mcp_server_up is not restricted to the chosen job",
    (d) => setExpr(d, 'mcp_hangar_mcp_server_up{instance=~"$instance"}'),
  ],
  [
    "a query for a fixed job",
    "target-job-rule",
    "is not restricted to the chosen job",
    (d) => setExpr(d, 'mcp_hangar_mcp_server_up{job="mcp-hangar", instance=~"$instance"}'),
  ],
  [
    "a query for one job only",
    "target-job-rule",
    "is not restricted to the chosen job",
    (d) => setExpr(d, 'mcp_hangar_mcp_server_up{job="$job", instance=~"$instance"}'),
  ],
  [
    "a query for all instances",
    "target-instance-rule",
    "mcp_hangar_mcp_server_up is not restricted to the chosen instance",
    (d) => setExpr(d, 'mcp_hangar_mcp_server_up{job=~"$job"}'),
  ],
  [
    "an instance of what is recorded for all instances",
    "target-instance-rule",
    "has no label instance, so that nothing matches",
    (d) => setExpr(d, 'job_status:mcp_hangar_tool_calls:rate5m{job=~"$job", instance=~"$instance"}'),
  ],
  [
    "an instance of alerts, most of which have none",
    "target-instance-rule",
    "ALERTS has no label instance",
    (d) => setExpr(d, 'ALERTS{job=~"$job", instance=~"$instance"}'),
  ],
  ...["", '{job=~"$job"}', '{job="$job"}', '{job=~"prometheus|other"}'].map((selected): (typeof DEFECTS)[number] => [
    `Prometheus itself as ${selected || "any job"}`,
    "target-job-rule",
    "prometheus_config_last_reload_successful is not one of the gateways",
    (d) => setExpr(d, `prometheus_config_last_reload_successful${selected}`),
  ]),
  [
    "an instance that the reader chose of Alertmanager",
    "target-instance-rule",
    "alertmanager_config_last_reload_successful is not one of the gateways",
    (d) => setExpr(d, 'alertmanager_config_last_reload_successful{job="alertmanager", instance=~"$instance"}'),
  ],
  [
    "a counter as it is",
    "target-counter-agg-rule",
    "mcp_hangar_gc_cycles_total is a counter as it is",
    (d) => setExpr(d, "sum(mcp_hangar_gc_cycles_total)"),
  ],
  [
    "a counter in a function that knows nothing of restarts",
    "target-counter-agg-rule",
    "mcp_hangar_gc_cycles_total is a counter as it is",
    (d) => setExpr(d, "max_over_time(mcp_hangar_gc_cycles_total[5m])"),
  ],
  [
    "a dashboard that can be edited",
    "uneditable-dashboard",
    "it can be edited",
    (d) => {
      d.editable = true;
    },
  ],
  [
    "a dashboard that leaves it open whether it can be edited",
    "uneditable-dashboard",
    "which means yes",
    (d) => {
      delete d.editable;
    },
  ],
  [
    "a panel without an id, as the SDK makes them",
    "ids-are-unique",
    "its id is undefined",
    (d) => {
      delete panel(d, "stat").id;
    },
  ],
  [
    "two panels with one id",
    "ids-are-unique",
    "its id 101 is that of another panel",
    (d) => {
      d.panels[2].id = 101;
    },
  ],
  [
    "a dashboard with the uid of another",
    "ids-are-unique",
    "another dashboard has the uid mcp-hangar-slo too",
    (d) => {
      d.uid = "mcp-hangar-slo";
    },
  ],
  [
    "a uid that is not public",
    "ids-are-unique",
    "its uid abc is not one of the public ones",
    (d) => {
      d.uid = "abc";
    },
  ],
  [
    "a panel that covers another",
    "panels-fit-grid",
    "it covers panel",
    (d) => {
      d.panels[2].gridPos = { ...d.panels[1].gridPos, x: d.panels[1].gridPos.x + 1 };
    },
  ],
  [
    "a panel that reaches beyond the grid, as the layout of the SDK does",
    "panels-fit-grid",
    "it takes the columns 20 to 28 of 24",
    (d) => {
      d.panels[1].gridPos = { x: 20, y: 900, w: 8, h: 8 };
    },
  ],
  [
    "a panel without a place",
    "panels-fit-grid",
    "it has no place",
    (d) => {
      delete d.panels[1].gridPos;
    },
  ],
  [
    "a choice that changes nothing",
    "variables-are-used",
    "variable tool: nothing that is shown depends on it",
    (d) => d.templating.list.push({ type: "query", name: "tool", query: { query: "label_values(up, tool)" } }),
  ],
  [
    "a variable that is no choice",
    "variables-are-used",
    "it uses the variable provider, which it does not have",
    (d) => setExpr(d, 'up{job=~"$job", provider=~"$provider"}'),
  ],
  [
    "a link to a dashboard from before a rename",
    "links-resolve",
    '"/d/mcp-hangar-provider-details" leads nowhere',
    (d) => {
      d.links[0].url = "/d/mcp-hangar-provider-details";
    },
  ],
  [
    "a row of a table that leads nowhere",
    "links-resolve",
    '"/d/mcp-hangar-tool" leads nowhere',
    (d) => {
      panel(d, "table").fieldConfig.overrides.push({
        properties: [{ id: "links", value: [{ title: "Tool", url: "/d/mcp-hangar-tool" }] }],
      });
    },
  ],
  [
    "a link that passes a variable which is not there",
    "links-resolve",
    "mcp-hangar-slo has no variable tool",
    (d) => {
      d.links[0].url = "/d/mcp-hangar-slo?var-tool=x";
    },
  ],
  [
    "a number that leads to a panel which is gone",
    "links-resolve",
    "mcp-hangar-overview has no panel 9999",
    (d) => {
      const [link] = panel(d, "stat").fieldConfig.defaults.links;
      link.url = link.url.replace(/viewPanel=\d+/, "viewPanel=9999");
    },
  ],
  [
    "a number that leads nowhere",
    "numbers-lead-on",
    "panel Gateways down (101): a click on it does not lead to a panel",
    (d) => {
      panel(d, "stat").fieldConfig.defaults.links = [];
    },
  ],
  [
    "a number that leads to a whole dashboard",
    "numbers-lead-on",
    "a click on it does not lead to a panel",
    (d) => {
      panel(d, "stat").fieldConfig.defaults.links = [{ title: "Alerts", url: "/d/mcp-hangar-alerts" }];
    },
  ],
  [
    "a panel that says no data",
    "empty-panels-say-why",
    'it says "No data" when there is nothing to show',
    (d) => {
      delete panel(d, "timeseries").fieldConfig.defaults.noValue;
    },
  ],
  [
    "a folded panel that says none",
    "empty-panels-say-why",
    'it says "none" when there is nothing to show',
    (d) => {
      d.panels.find((each: Json) => each.collapsed).panels[0].fieldConfig.defaults.noValue = "none";
    },
  ],
  [
    "a dashboard that opens everything",
    "few-panels-open",
    "more than 20",
    (d) => {
      const row = d.panels.find((each: Json) => each.collapsed);
      d.panels.push(...row.panels);
      row.panels = [];
    },
  ],
  [
    "a link to a page of Grafana that does not exist",
    "links-resolve",
    "Grafana has no page /alerting/mutes",
    (d) => {
      d.links[0].url = "/alerting/mutes?alertmanager=x";
    },
  ],
  [
    "a link hidden in a menu, as the SDK writes it",
    "settings-are-said",
    "it is hidden: inControlsMenu",
    (d) => {
      d.links[0].placement = "inControlsMenu";
    },
  ],
  [
    "annotations hidden in a menu, as the SDK writes them",
    "settings-are-said",
    "annotation Gateway start: it is hidden",
    (d) => {
      d.annotations.list[0].placement = "inControlsMenu";
    },
  ],
  [
    "a number that does not say which value it is, as the SDK makes them",
    "settings-are-said",
    "it does not say which value of a series it shows",
    (d) => {
      panel(d, "stat").options.reduceOptions.calcs = [];
    },
  ],
  [
    "no time zone",
    "settings-are-said",
    "it does not say its timezone",
    (d) => {
      delete d.timezone;
    },
  ],
  [
    "another version of the layout",
    "settings-are-said",
    "its schema version is 36",
    (d) => {
      d.schemaVersion = 36;
    },
  ],
  [
    "a dashboard that is too large for Kubernetes",
    "dashboards-fit-config-maps",
    "a ConfigMap holds 940000",
    (d) => {
      d.description = "x".repeat(1_000_000);
    },
  ],
];

function setExpr(dashboard: Json, expr: string): void {
  panel(dashboard, "timeseries").targets[0].expr = expr;
}

describe("a broken dashboard", () => {
  test.each(DEFECTS)("is refused: %s", (_, rule, says, spoil) => {
    const dashboard = rendered("mcp-hangar-overview");
    expect(findings(rule, dashboard)).toEqual([]);
    spoil(dashboard);
    expect(findings(rule, dashboard).join("\n")).toContain(says);
  });

  test("is tried for every rule", () => {
    const tried = new Set(DEFECTS.map(([, rule]) => rule));
    expect(jsonChecks.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([]);
  });
});

test.each(["json", "otlp"] as const)("dashboards with lines of %s from Loki keep every rule", (format) => {
  const withLogs = buildStack(resolveOptions({ logs: { loki: true, format } }));
  const violations = dashboardChecks.flatMap(({ name, run }) =>
    run(withLogs).map((found) => ({ check: name, ...found })),
  );
  expect(violations.map(describeViolation)).toEqual([]);
  const text = JSON.stringify(withLogs.dashboards.map((dashboard) => grafanaDashboard(dashboard, withLogs)));
  expect(text).toContain(
    format === "json" ? "| json | mcp_server=~" : '{service_name=\\"mcp-hangar\\"} | mcp_server=~',
  );
  expect(text).toContain('"name":"loki_datasource"');
});

test("without Loki nobody is asked for one", () => {
  expect(JSON.stringify(stack.dashboards.map((dashboard) => grafanaDashboard(dashboard, stack)))).not.toContain("loki");
});

test("a board of recorded series only need not offer instances, and one with series of instances must", () => {
  const slo = rendered("mcp-hangar-slo");
  expect(findings("template-instance-rule", slo)).toEqual([]);
  setExpr(slo, 'up{job=~"$job"}');
  expect(findings("template-instance-rule", slo).join()).toContain("the reader cannot choose the instance");
});
