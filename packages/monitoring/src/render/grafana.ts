import type { Stack } from "../stack.ts";
import { grafanaDashboard } from "./grafana/dashboard.ts";

/** The dashboards as files for Grafana, by their name without a folder. */
export function dashboardFiles(stack: Stack): ReadonlyMap<string, string> {
  return new Map(
    stack.dashboards.map((dashboard) => [
      `${dashboard.uid.replace(/^mcp-hangar-/, "")}.json`,
      `${JSON.stringify(grafanaDashboard(dashboard, stack), null, 2)}\n`,
    ]),
  );
}
