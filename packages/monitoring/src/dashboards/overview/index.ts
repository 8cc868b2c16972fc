import { configReloads, firingAlerts, gatewayStarts, troubledServers } from "../annotations.ts";
import { type Board, instanceVariable, jobVariable } from "../board.ts";
import { otherDashboards } from "../drill-down.ts";
import { layOut } from "../layout.ts";
import type { Dashboard } from "../model.ts";
import { batches } from "./batches.ts";
import { calls } from "./calls.ts";
import { discovery } from "./discovery.ts";
import { fleet } from "./fleet.ts";
import { gateway } from "./gateway.ts";
import { now } from "./now.ts";
import { requests } from "./requests.ts";

/** The gateway and its whole fleet. */
export function overview(board: Board): Dashboard {
  return {
    uid: "mcp-hangar-overview",
    title: "MCP Hangar / Overview",
    description: "Whether the gateway serves its clients, and if not, where to look.",
    dataSources: ["prometheus"],
    from: "now-3h",
    variables: [jobVariable, instanceVariable],
    annotations: [gatewayStarts(board), configReloads(board), troubledServers(board), firingAlerts(board)],
    links: otherDashboards("mcp-hangar-overview"),
    // Last what many fleets do not use.
    ...layOut([now, calls, fleet, requests, gateway, batches, discovery].map((section) => section(board))),
  };
}
