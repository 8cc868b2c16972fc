import { changesOf, firingAlerts, gatewayStarts, troubledServers } from "../annotations.ts";
import { type Board, instanceVariable, jobVariable } from "../board.ts";
import { otherPlaces } from "../drill-down.ts";
import { layOut } from "../layout.ts";
import { gatewayLogs, logSource } from "../logs-section.ts";
import type { Dashboard } from "../model.ts";
import { batches } from "./batches.ts";
import { calls } from "./calls.ts";
import { discovery } from "./discovery.ts";
import { fleet, fleetLife } from "./fleet.ts";
import { gateway } from "./gateway.ts";
import { gateways } from "./gateways.ts";
import { now } from "./now.ts";
import { requests } from "./requests.ts";

/** The gateway and its whole fleet. */
export function overview(board: Board): Dashboard {
  return {
    uid: "mcp-hangar-overview",
    title: "MCP Hangar / Overview",
    description: "Whether the gateway serves its clients, and if not, where to look.",
    dataSources: [...logSource(board.options), "prometheus"],
    from: "now-3h",
    variables: [jobVariable, instanceVariable],
    annotations: [gatewayStarts(board), ...changesOf(board.chosen), troubledServers(board), firingAlerts(board)],
    links: otherPlaces("mcp-hangar-overview", board),
    // Folded is what is not needed at first sight; last of it what many fleets do not use.
    ...layOut([
      ...[now, calls, fleet, gateways, fleetLife, requests, gateway, batches, discovery].map((each) => each(board)),
      ...gatewayLogs(board.options),
    ]),
  };
}
