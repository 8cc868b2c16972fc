import { changesOf, firingAlerts, gatewayStarts } from "../dashboards/annotations.ts";
import { type Board, instanceVariable, jobVariable } from "../dashboards/board.ts";
import { otherPlaces } from "../dashboards/drill-down.ts";
import { layOut } from "../dashboards/layout.ts";
import type { Dashboard } from "../dashboards/model.ts";
import type { OwnDashboard } from "./extension.ts";

/** An installation's own dashboard with the choices, links and marks of all dashboards. */
export function ownBoard({ sections, ...heading }: OwnDashboard, board: Board): Dashboard {
  return {
    ...heading,
    dataSources: ["prometheus"],
    from: "now-3h",
    variables: [jobVariable, instanceVariable],
    annotations: [gatewayStarts(board), ...changesOf(board.chosen), firingAlerts(board)],
    links: otherPlaces(heading.uid, board),
    ...layOut(sections(board)),
  };
}
