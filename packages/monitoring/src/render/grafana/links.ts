import { type DashboardLink, DashboardLinkType } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Dashboard, DashboardHeadLink, Panel } from "../../dashboards/model.ts";
import type { DashboardUid } from "../../names.ts";
import type { MonitoringOptions } from "../../settings/options.ts";
import type { Stack } from "../../stack.ts";
import { runbookUrl } from "../links.ts";
import { dataSourceVariableName } from "./data-source.ts";

/** Pages of Grafana about what an Alertmanager does. */
export const ALERTMANAGER_PAGES = ["silences", "groups"] as const;

/** What is around a dashboard: where else one can go. */
export type Around = Pick<Stack, "options" | "dashboards">;

/** Links in the head of a dashboard; choices and time go along. */
export function headLinks({ links }: Dashboard): readonly DashboardLink[] {
  return links.map(({ title, tooltip, to }) => {
    const isInside = "uid" in to;
    const how = { icon: "external link", includeVars: isInside, keepTime: isInside, targetBlank: "url" in to };
    return { ...link(title, pathOf(to)), tooltip, ...how };
  });
}

/** What a click on a series or a row of a panel offers. */
export function dataLinks(panel: Panel, dashboard: Dashboard, around: Around): readonly DashboardLink[] {
  const { runbookBaseUrl, gatewayUrl } = around.options;
  const { drillDown, leadsTo, leadsToHistory, runbook, visualisation } = panel;
  const placeholderOf = visualisation === "table" ? columnValue : labelValue;
  const named = (title: string): string =>
    title.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => placeholderOf(label));
  const links: DashboardLink[] = [];
  if (leadsTo !== undefined) {
    const { title, uid, panel: key } = leadsTo;
    const target = targetOf(uid, around);
    const id = target?.panels.find((each) => each.key === key)?.id;
    const query = [
      ...(id === undefined ? [] : [`viewPanel=${id}`]),
      ...carriedOver(dashboard, target),
      `\${__url_time_range}`,
    ];
    links.push(link(title, `/d/${uid}?${query.join("&")}`));
  }
  if (drillDown !== undefined) {
    const query = [
      ...carriedOver(dashboard, targetOf(drillDown.uid, around), Object.keys(drillDown.variables)),
      ...Object.entries(drillDown.variables).map(
        ([name, label]) => `var-${name}=${placeholderOf(label, "percentencode")}`,
      ),
      `\${__url_time_range}`,
    ];
    links.push(link(named(drillDown.title), `/d/${drillDown.uid}?${query.join("&")}`));
  }
  if (leadsToHistory && gatewayUrl !== "") {
    const url = `${gatewayUrl}/api/mcp_servers/${placeholderOf("mcp_server", "percentencode")}/history`;
    links.push({ ...link(`History of ${placeholderOf("mcp_server")}`, url), targetBlank: true });
  }
  if (runbook !== undefined) {
    const url = `${runbookBaseUrl}/${placeholderOf(runbook.alertLabel)}.md`;
    links.push({ ...link(named(runbook.title), url), targetBlank: true });
  }
  return links;
}

/** What the reader chose here goes along where the other dashboard has the same choice, unless the click chooses it. */
function carriedOver(
  { dataSources, variables }: Dashboard,
  target: Dashboard | undefined,
  chosen: readonly string[] = [],
): readonly string[] {
  const there = new Set(target?.variables.map(({ name }) => name));
  const names = variables.map(({ name }) => name).filter((name) => there.has(name) && !chosen.includes(name));
  return [...dataSources.map(dataSourceVariableName), ...names].map((name) => `\${${name}:queryparam}`);
}

function targetOf(uid: DashboardUid, { dashboards }: Around): Dashboard | undefined {
  return dashboards.find((each) => each.uid === uid);
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
  if ("url" in to) return to.url;
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
