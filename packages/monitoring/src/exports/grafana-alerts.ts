import { createHash } from "node:crypto";
import type { Query, Rule } from "@grafana/grafana-foundation-sdk/alerting";
import type { AlertRule } from "../model.ts";
import { fromSeconds, toSeconds } from "../promql/duration.ts";
import { printPromql } from "../promql/print.ts";
import { dashboardUrl, runbookUrl } from "../render/links.ts";
import { asDeployed } from "../render/rules.ts";
import type { Stack } from "../stack.ts";
import { printTemplate } from "../template.ts";
import { documents } from "./document.ts";
import type { MonitoringExport } from "./model.ts";

/** The scheduler of Grafana wakes every ten seconds. */
const TICK_SECONDS = 10;
const UID_MAX = 40;
const FOLDER = "MCP Hangar";
/** What Grafana's own data source of the generated stack is called. */
const DATA_SOURCE = "prometheus";

const lost: MonitoringExport["lost"] = [
  "Recording rules, which stay in Prometheus: load prometheus/recording-rules.yaml there.",
  "Inhibitions, which Grafana does not have: one fault may notify more than once.",
  "Receivers and routes: contact points and policies are Grafana's; route by the label severity.",
  "The evaluation interval where it is no multiple of 10 s: it is rounded up.",
  "The series ALERTS of Prometheus, from which the dashboard Alerts shows what fires, and MCPHangarHighErrorRate for which servers there is a page: both of its variants fire for one dead server.",
  "The servers with most of the failures in the texts: Grafana's texts ask no queries.",
];

/** Alert rules that Grafana evaluates itself, as a file for its provisioning folder `alerting/`. */
export const grafanaAlerts: MonitoringExport = {
  about: "alerts as rules that Grafana evaluates, for its folder provisioning/alerting",
  lost,
  files(stack) {
    const interval = fromSeconds(Math.ceil(toSeconds(stack.options.evaluationInterval) / TICK_SECONDS) * TICK_SECONDS);
    const bySeverity = Map.groupBy(stack.alerts, ({ severity }) => severity);
    const groups = [...bySeverity].map(([severity, alerts]) => ({
      orgId: 1,
      name: `mcp-hangar-${severity === "none" ? "heartbeat" : severity}`,
      folder: FOLDER,
      interval,
      rules: alerts.map((alert) => ruleOf(alert, stack)),
    }));
    return { "exports/grafana-alerts.yaml": documents(lost, [{ apiVersion: 1, groups }]) };
  },
};

/** A query of a rule; what its model is, its data source knows. */
type ProvisionedQuery = Required<Pick<Query, "refId" | "datasourceUid" | "relativeTimeRange">> & {
  readonly model: object;
};

/** What the file has of a rule. Folder, group and organisation stand around it, and one key is spelt in its own way. */
type ProvisionedRule = Pick<
  Rule,
  "uid" | "title" | "condition" | "noDataState" | "execErrState" | "for" | "labels" | "annotations"
> & { readonly missing_series_evals_to_resolve: number; readonly data: readonly ProvisionedQuery[] };

/** As Grafana itself converts rules of Prometheus: any value of the expression fires, and its end resolves at once. */
function ruleOf(alert: AlertRule, stack: Stack): ProvisionedRule {
  return {
    uid: uidOf(alert.id),
    title: alert.id,
    condition: "firing",
    data: [
      {
        refId: "query",
        datasourceUid: DATA_SOURCE,
        relativeTimeRange: { from: 600, to: 0 },
        model: {
          ...model("query"),
          datasource: { type: "prometheus", uid: DATA_SOURCE },
          expr: printPromql(asDeployed(alert.expr, stack)),
          instant: true,
          range: false,
        },
      },
      expression("any", { type: "math", expression: "is_number($query) || is_nan($query) || is_inf($query)" }),
      expression("firing", {
        type: "threshold",
        expression: "any",
        conditions: [{ evaluator: { type: "gt", params: [0] } }],
      }),
    ],
    noDataState: "OK",
    execErrState: "Error",
    for: alert.for,
    missing_series_evals_to_resolve: 1,
    labels: { severity: alert.severity, ...alert.labels },
    annotations: {
      summary: printTemplate(alert.summary, TEXTS),
      description: printTemplate(alert.description, TEXTS),
      runbook_url: runbookUrl(alert, stack.options),
      dashboard_url: dashboardUrl(alert, stack),
    },
  };
}

/** `$value` is a text of all values in Grafana, and its texts ask no queries. */
const TEXTS = { valueName: "$values.query.Value", asks: false };

function expression(refId: string, what: object): ProvisionedQuery {
  return {
    refId,
    datasourceUid: "__expr__",
    relativeTimeRange: { from: 0, to: 0 },
    model: { ...model(refId), datasource: { type: "__expr__", uid: "__expr__" }, ...what },
  };
}

function model(refId: string): object {
  return { refId, intervalMs: 1_000, maxDataPoints: 43_200 };
}

/** Stable, short enough and without characters that Grafana refuses. */
function uidOf(id: string): string {
  const plain = id.replaceAll(/[^A-Za-z0-9_-]/g, "-");
  if (plain.length <= UID_MAX) return plain;
  return `${plain.slice(0, UID_MAX - 9)}-${createHash("sha256").update(id).digest("hex").slice(0, 8)}`;
}
