import { type DashboardLink, DashboardLinkType } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Dashboard, DashboardHeadLink, Panel } from "../../dashboards/model.ts";
import type { MonitoringOptions } from "../../settings/options.ts";
import { runbookUrl } from "../links.ts";
import { dataSourceVariableName } from "./data-source.ts";

/** Pages of Grafana about what an Alertmanager does. */
export const ALERTMANAGER_PAGES = ["silences", "groups"] as const;

/** Links in the head of a dashboard; choices and time go along. */
export function headLinks({ links }: Dashboard): readonly DashboardLink[] {
  return links.map(({ title, tooltip, to }) => {
    const isInside = "uid" in to;
    return { ...link(title, pathOf(to)), tooltip, icon: "external link", includeVars: isInside, keepTime: isInside };
  });
}

/** What a click on a series or a row of a panel offers. */
export function dataLinks(panel: Panel, dashboard: Dashboard, runbookBaseUrl: string): readonly DashboardLink[] {
  const { drillDown, runbook, visualisation } = panel;
  const placeholderOf = visualisation === "table" ? columnValue : labelValue;
  const named = (title: string): string =>
    title.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => placeholderOf(label));
  const links: DashboardLink[] = [];
  if (drillDown !== undefined) {
    const kept = [
      ...dashboard.dataSources.map(dataSourceVariableName),
      ...["job", "instance"].filter((name) => dashboard.variables.some((variable) => variable.name === name)),
    ];
    const query = [
      ...kept.map((name) => `\${${name}:queryparam}`),
      ...Object.entries(drillDown.variables).map(
        ([name, label]) => `var-${name}=${placeholderOf(label, "percentencode")}`,
      ),
      `\${__url_time_range}`,
    ];
    links.push(link(named(drillDown.title), `/d/${drillDown.uid}?${query.join("&")}`));
  }
  if (runbook !== undefined) {
    const url = `${runbookBaseUrl}/${placeholderOf(runbook.alertLabel)}.md`;
    links.push({ ...link(named(runbook.title), url), targetBlank: true });
  }
  return links;
}

/** Links in the corner of a panel: to the pages about the alerts whose thresholds it draws. */
export function runbookLinks({ alerts }: Panel, options: MonitoringOptions): readonly DashboardLink[] {
  return alerts.map((alert) => ({
    ...link(`Runbook: ${alert.name}`, runbookUrl(alert, options)),
    targetBlank: true,
  }));
}

function pathOf(to: DashboardHeadLink["to"]): string {
  if ("uid" in to) return `/d/${to.uid}`;
  return `/alerting/${to.alertmanagerPage}?alertmanager=\${alertmanager_datasource:text}`;
}

/** Written whole, because the SDK would place links in a menu. */
function link(title: string, url: string): DashboardLink {
  return {
    title,
    type: DashboardLinkType.Link,
    icon: "",
    tooltip: "",
    url,
    tags: [],
    asDropdown: false,
    targetBlank: false,
    includeVars: false,
    keepTime: false,
  };
}

function labelValue(label: string, format?: string): string {
  return `\${__field.labels.${label}${format === undefined ? "" : `:${format}`}}`;
}

function columnValue(label: string, format?: string): string {
  return `\${__data.fields.${label}${format === undefined ? "" : `:${format}`}}`;
}
