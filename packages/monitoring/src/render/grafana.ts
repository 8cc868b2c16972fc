import type { Stack } from "../stack.ts";
import { grafanaDashboard } from "./grafana/dashboard.ts";

/** The dashboards as files for Grafana, by their name without a folder. */
export function dashboardFiles({ dashboards, options }: Stack): ReadonlyMap<string, string> {
  return new Map(
    dashboards.map((dashboard) => [
      `${dashboard.uid.replace(/^mcp-hangar-/, "")}.json`,
      `${JSON.stringify(grafanaDashboard(dashboard, options), null, 2)}\n`,
    ]),
  );
}
