import type { AlertRule } from "../model.ts";
import { labelsOf } from "../promql/analyse.ts";
import type { MonitoringOptions } from "../settings/options.ts";
import type { Stack } from "../stack.ts";

/** The address of the page for an alert. */
export function runbookUrl({ name }: AlertRule, { runbookBaseUrl }: MonitoringOptions): string {
  return `${runbookBaseUrl}/${name}.md`;
}

/** The address of the dashboard for an alert, with the alert's labels chosen; a template of Prometheus. */
export function dashboardUrl({ dashboard, expr }: AlertRule, { options, dashboards }: Stack): string {
  const { uid, panel, variables = [] } = dashboard;
  const id = dashboards.find((each) => each.uid === uid)?.panels.find(({ key }) => key === panel)?.id;
  const common = labelsOf(expr.node).has("job") ? ["job"] : [];
  const query = [
    ...(id === undefined ? [] : [`viewPanel=${id}`]),
    ...[...common, ...variables].map((name) => `var-${name}={{ $labels.${name} | urlquery }}`),
  ];
  return `${options.grafanaBaseUrl}/d/${uid}${query.length === 0 ? "" : `?${query.join("&")}`}`;
}
