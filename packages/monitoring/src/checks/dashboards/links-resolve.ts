import { ALERTMANAGER_PAGES } from "../../render/grafana/links.ts";
import type { MonitoringOptions } from "../../settings/options.ts";
import {
  allPanels,
  contentPanels,
  type DashboardCheck,
  panelName,
  type RenderedDashboard,
  type RenderedLink,
  type RenderedPanel,
} from "./rendered.ts";

/**
 * Every link leads to a dashboard that exists and has the panel and the variables that are passed, to a runbook, to
 * Alertmanager, or to an address of the options.
 */
export const linksResolve: DashboardCheck = {
  name: "links-resolve",
  run(dashboard, { dashboards, stack }) {
    const links = [
      ...(dashboard.links ?? []).map((link) => ({ link, where: `link ${link.title}` })),
      ...contentPanels(dashboard).flatMap((panel) =>
        [...(panel.links ?? []), ...fieldLinks(panel)].map((link) => ({ link, where: panelName(panel) })),
      ),
    ];
    return links.flatMap(({ link, where }) => {
      const problem = problemOf(link, dashboards, stack.options);
      return problem === undefined ? [] : [{ where, problem, mend: "link to what is generated" }];
    });
  },
};

/** Of all fields, and of some only: columns of a table. */
function fieldLinks({ fieldConfig }: RenderedPanel): readonly RenderedLink[] {
  const properties = (fieldConfig?.overrides ?? []).flatMap((override) => override.properties ?? []);
  const own = properties.filter(({ id }) => id === "links").flatMap(({ value }) => (Array.isArray(value) ? value : []));
  return [...(fieldConfig?.defaults?.links ?? []), ...own];
}

function problemOf(
  { url = "" }: RenderedLink,
  dashboards: readonly RenderedDashboard[],
  { runbookBaseUrl, gatewayUrl, tracesUrl }: MonitoringOptions,
): string | undefined {
  if (url.startsWith(`${runbookBaseUrl}/`) && url.endsWith(".md")) return undefined;
  if (url === tracesUrl || (gatewayUrl !== "" && url.startsWith(`${gatewayUrl}/api/`))) return undefined;
  const [, page] = /^\/alerting\/(\w+)\?alertmanager=/.exec(url) ?? [];
  if (page !== undefined) {
    return ALERTMANAGER_PAGES.some((known) => known === page) ? undefined : `Grafana has no page /alerting/${page}`;
  }
  const [, uid, query = ""] = /^\/d\/([\w-]+)(?:\?(.*))?$/.exec(url) ?? [];
  const target = dashboards.find((each) => each.uid === uid);
  if (target === undefined) return `"${url}" leads nowhere`;
  const [, panel] = /(?:^|&)viewPanel=(\w+)/.exec(query) ?? [];
  if (panel !== undefined && !allPanels(target).some(({ id }) => String(id) === panel)) {
    return `${uid} has no panel ${panel}`;
  }
  const known = new Set((target.templating?.list ?? []).map(({ name }) => name));
  const passed = [...query.matchAll(/(?:^|&)var-(\w+)=|\$\{(\w+):queryparam\}/g)].map(
    ([, named, whole]) => named ?? whole ?? "",
  );
  const unknown = passed.filter((name) => !known.has(name) && !name.endsWith("_datasource"));
  return unknown.length === 0 ? undefined : `${uid} has no variable ${unknown.join(", ")}`;
}
