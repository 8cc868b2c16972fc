import type { Door } from "@mcp-hangar/telemetry";

/** The interface that a path belongs to, whether or not there is anything at it. Without the query. */
export function doorOf(path: string): Door {
  if (path === "/mcp" || path === "/manage/mcp" || path.startsWith("/servers/")) return "mcp";
  if (path === "/metrics") return "metrics";
  return path.startsWith("/api/") ? "rest" : "other";
}
