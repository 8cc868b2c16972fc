import type { Context } from "./context.ts";
import type { Dashboard, Topic } from "./model.ts";
import { DASHBOARD_UIDS, type DashboardUid } from "./names.ts";

const TITLES: Readonly<Record<DashboardUid, string>> = {
  "mcp-hangar-overview": "MCP Hangar / Overview",
  "mcp-hangar-mcp-server-details": "MCP Hangar / MCP Server Details",
  "mcp-hangar-alerts": "MCP Hangar / Alerts",
  "mcp-hangar-slo": "MCP Hangar / SLOs",
  "mcp-hangar-telemetry": "MCP Hangar / Telemetry",
};

/** The dashboards that alerts link to. */
export function dashboardsOf(_context: Context, _topics: readonly Topic[]): readonly Dashboard[] {
  return DASHBOARD_UIDS.map((uid) => ({ uid, title: TITLES[uid], description: "", variables: [], panels: [] }));
}
