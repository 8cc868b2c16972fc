import { type BuiltInDashboardUid, DASHBOARD_UIDS, type DashboardUid } from "../names.ts";
import type { Board } from "./board.ts";
import type { DashboardHeadLink, DrillDown, Lead } from "./model.ts";

/** From a fleet to one of its servers. */
export const toServer: DrillDown = {
  title: "Look at {{mcp_server}}",
  uid: "mcp-hangar-mcp-server-details",
  variables: { mcp_server: "mcp_server" },
};

/** From all gateways to one of them. */
export const toGateway: DrillDown = {
  title: "Only {{instance}}",
  uid: "mcp-hangar-overview",
  variables: { instance: "instance" },
};

/** From a server to one of its tools. */
export const toTool: DrillDown = {
  title: "Look at {{tool}} of {{mcp_server}}",
  uid: "mcp-hangar-mcp-server-details",
  variables: { mcp_server: "mcp_server", tool: "tool" },
};

const LINKS: Readonly<Record<BuiltInDashboardUid, { readonly title: string; readonly tooltip: string }>> = {
  "mcp-hangar-overview": { title: "Overview", tooltip: "The gateway and its fleet" },
  "mcp-hangar-mcp-server-details": { title: "Server details", tooltip: "One server and its tools" },
  "mcp-hangar-alerts": { title: "Alerts", tooltip: "What fires, and how near the rest is" },
  "mcp-hangar-slo": { title: "SLOs", tooltip: "Objectives and error budgets" },
  "mcp-hangar-telemetry": { title: "Telemetry", tooltip: "Whether records and metrics arrive" },
};

/** From a number to a panel of the overview that tells who is behind it. */
export function onOverview(title: string, panel: string): Lead {
  return { title, uid: "mcp-hangar-overview", panel };
}

/** The same on the details of the servers that are chosen. */
export function onDetails(title: string, panel: string): Lead {
  return { title, uid: "mcp-hangar-mcp-server-details", panel };
}

/** Links to every other dashboard, to the runbooks, and to what is kept elsewhere, where it is said where. */
export function otherPlaces(self: DashboardUid, { options, own }: Board): readonly DashboardHeadLink[] {
  const { runbookBaseUrl, gatewayUrl, tracesUrl } = options;
  const outside = (title: string, tooltip: string, url: string): readonly DashboardHeadLink[] =>
    url === "" ? [] : [{ title, tooltip, to: { url } }];
  return [
    ...DASHBOARD_UIDS.filter((uid) => uid !== self).map((uid) => ({ ...LINKS[uid], to: { uid } })),
    ...own
      .filter(({ uid }) => uid !== self)
      .map(({ uid, title, description }) => ({ title, tooltip: description, to: { uid } })),
    ...outside("Runbooks", "What to do about each alert", `${runbookBaseUrl}/README.md`),
    ...outside("Traces", "Where the time of calls goes", tracesUrl),
    ...outside("History", "Calls that have ended, as JSON", gatewayUrl === "" ? "" : `${gatewayUrl}/api/history`),
  ];
}

/** Where an alert can be silenced, with the Alertmanager that the reader chose. */
export const alertmanagerLinks: readonly DashboardHeadLink[] = [
  {
    title: "Silences",
    tooltip: "Silence an alert that is being worked on",
    to: { alertmanagerPage: "silences" },
  },
  {
    title: "Notifications",
    tooltip: "Groups of alerts and who was notified",
    to: { alertmanagerPage: "groups" },
  },
];
