import { changesOf, firingAlerts, gatewayStarts } from "../annotations.ts";
import { type Board, instanceVariable, jobVariable } from "../board.ts";
import { otherPlaces } from "../drill-down.ts";
import { layOut } from "../layout.ts";
import { load } from "../load-section.ts";
import type { Dashboard } from "../model.ts";
import { audit } from "./audit.ts";
import { exporters } from "./exporters.ts";
import { metrics } from "./metrics.ts";
import { processes } from "./processes.ts";
import { watchers } from "./watchers.ts";

/** Whether spans, audit records, observations, log lines and metrics arrive where they should. */
export function telemetryBoard(board: Board): Dashboard {
  return {
    uid: "mcp-hangar-telemetry",
    title: "MCP Hangar / Telemetry",
    description:
      "Whether spans, audit records, observations, log lines and metrics arrive, and what is lost on the way.",
    dataSources: ["prometheus"],
    from: "now-3h",
    variables: [jobVariable, instanceVariable],
    annotations: [gatewayStarts(board), ...changesOf(board.chosen), firingAlerts(board)],
    links: otherPlaces("mcp-hangar-telemetry", board),
    ...layOut([exporters, metrics, processes, load, audit, watchers].map((section) => section(board))),
  };
}
