import { changesOf, firingAlerts, gatewayStarts, stateChanges } from "../annotations.ts";
import { type Board, instanceVariable, jobVariable } from "../board.ts";
import { otherPlaces } from "../drill-down.ts";
import { layOut } from "../layout.ts";
import { logSource, serverLogs } from "../logs-section.ts";
import type { Dashboard } from "../model.ts";
import { serverVariable, toolVariable } from "./choice.ts";
import { health, states } from "./health.ts";
import { life } from "./life.ts";
import { now } from "./now.ts";
import { requests } from "./requests.ts";
import { tools } from "./tools.ts";
import { messages, remote } from "./transport.ts";

/** One server, or a few, and their tools. */
export function serverDetails(board: Board): Dashboard {
  return {
    uid: "mcp-hangar-mcp-server-details",
    title: "MCP Hangar / MCP Server Details",
    description: "One server: whether it serves, which of its tools fail or are slow, and why.",
    dataSources: [...logSource(board.options), "prometheus"],
    from: "now-3h",
    variables: [jobVariable, instanceVariable, serverVariable(board), toolVariable(board)],
    annotations: [gatewayStarts(board), ...changesOf(board.chosen), stateChanges(board), firingAlerts(board)],
    links: otherPlaces("mcp-hangar-mcp-server-details", board),
    ...layOut([
      ...[now, tools, states, health, life, requests, messages, remote].map((each) => each(board)),
      ...serverLogs(board.options),
    ]),
  };
}
