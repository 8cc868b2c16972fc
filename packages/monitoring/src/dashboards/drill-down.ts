import { DASHBOARD_UIDS, type DashboardUid } from "../names.ts";
import type { DashboardHeadLink, DrillDown } from "./model.ts";

/** From a fleet to one of its servers. */
export const toServer: DrillDown = {
  title: "Look at {{mcp_server}}",
  uid: "mcp-hangar-mcp-server-details",
  variables: { mcp_server: "mcp_server" },
};

/** From a server to one of its tools. */
export const toTool: DrillDown = {
  title: "Look at {{tool}} of {{mcp_server}}",
  uid: "mcp-hangar-mcp-server-details",
  variables: { mcp_server: "mcp_server", tool: "tool" },
};

const LINKS: Readonly<Record<DashboardUid, { readonly title: string; readonly tooltip: string }>> = {
  "mcp-hangar-overview": { title: "Overview", tooltip: "The gateway and its fleet" },
  "mcp-hangar-mcp-server-details": { title: "Server details", tooltip: "One server and its tools" },
  "mcp-hangar-alerts": { title: "Alerts", tooltip: "What fires, and how near the rest is" },
  "mcp-hangar-slo": { title: "SLOs", tooltip: "Objectives and error budgets" },
  "mcp-hangar-telemetry": { title: "Telemetry", tooltip: "Whether records and metrics arrive" },
};

/** Links to every other dashboard. */
export function otherDashboards(self: DashboardUid): readonly DashboardHeadLink[] {
  return DASHBOARD_UIDS.filter((uid) => uid !== self).map((uid) => ({ ...LINKS[uid], to: { uid } }));
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
