import { changesOf, gatewayStarts } from "../annotations.ts";
import { type Board, instanceVariable, jobVariable } from "../board.ts";
import { alertmanagerLinks, otherPlaces } from "../drill-down.ts";
import { layOut } from "../layout.ts";
import type { Dashboard } from "../model.ts";
import { active } from "./active.ts";
import { conditions } from "./conditions.ts";

/** What fires, what fired, and how near everything else is to firing. */
export function alertsBoard(board: Board): Dashboard {
  return {
    uid: "mcp-hangar-alerts",
    title: "MCP Hangar / Alerts",
    description: "What fires, what fired when, and how near every other alert is.",
    dataSources: ["alertmanager", "prometheus"],
    from: "now-6h",
    variables: [jobVariable, instanceVariable],
    // Firing alerts are the subject here; marks of them on every panel would hide it.
    annotations: [gatewayStarts(board), ...changesOf(board.chosen)],
    links: [...otherPlaces("mcp-hangar-alerts", board), ...alertmanagerLinks],
    ...layOut([
      active(board),
      conditions(board, { severity: "critical", id: 200, title: "What wakes somebody" }),
      conditions(board, { severity: "warning", id: 300, title: "What can wait until the morning", folded: true }),
      conditions(board, { severity: "info", id: 400, title: "For the record", folded: true }),
    ]),
  };
}
