import { catalog } from "@mcp-hangar/telemetry";
import { variable } from "../../promql/select.ts";
import type { Board } from "../board.ts";
import type { DashboardVariable } from "../model.ts";

/** What the reader of the details chose. */
export const ofServer = { mcp_server: variable("mcp_server") } as const;

/** The same, of a metric that tells tools apart. */
export const ofTool = { ...ofServer, tool: variable("tool") } as const;

/** Which servers are shown. */
export function serverVariable({ chosen }: Board): DashboardVariable {
  return { name: "mcp_server", title: "Server", label: "mcp_server", from: chosen.series(catalog.serverInfo) };
}

/** Which of their tools. */
export function toolVariable({ chosen }: Board): DashboardVariable {
  return { name: "tool", title: "Tool", label: "tool", from: chosen.series(catalog.toolCalls, ofServer) };
}
