import type { AlertRule } from "../model.ts";
import { labelsOf } from "../promql/analyse.ts";
import type { MonitoringOptions } from "../settings/options.ts";
import type { Stack } from "../stack.ts";

/** The address of the page for an alert. */
export function runbookUrl({ name }: AlertRule, { runbookBaseUrl }: MonitoringOptions): string {
  return `${runbookBaseUrl}/${name}.md`;
}

/** The dashboard for an alert as a link for readers of its runbook: no labels are known there. */
export function dashboardPage({ dashboard }: AlertRule, { options, dashboards }: Stack): string {
  const title = dashboards.find(({ uid }) => uid === dashboard.uid)?.title ?? dashboard.uid;
  return `[${title}](${options.grafanaBaseUrl}/d/${dashboard.uid})`;
}

/** The address of the dashboard for an alert, with the alert's labels chosen; a template of Prometheus. */
export function dashboardUrl({ dashboard, expr, labels }: AlertRule, { options, dashboards }: Stack): string {
  const { uid, panel, variables = [] } = dashboard;
  const id = dashboards.find((each) => each.uid === uid)?.panels.find(({ key }) => key === panel)?.id;
  const common = labelsOf(expr.node).has("job") ? ["job"] : [];
  // A label that the rule sets stands above that of the series.
  const chosen = (name: string): string =>
    labels[name] === undefined ? `{{ $labels.${name} | urlquery }}` : encodeURIComponent(labels[name]);
  const query = [
    ...(id === undefined ? [] : [`viewPanel=${id}`]),
    ...[...common, ...variables].map((name) => `var-${name}=${chosen(name)}`),
  ];
  return `${options.grafanaBaseUrl}/d/${uid}${query.length === 0 ? "" : `?${query.join("&")}`}`;
}
