import type { Context } from "./context.ts";
import { alertsBoard } from "./dashboards/alerts/index.ts";
import { boardOf } from "./dashboards/board.ts";
import { serverDetails } from "./dashboards/details/index.ts";
import { overview } from "./dashboards/overview/index.ts";
import { sloBoard } from "./dashboards/slo.ts";
import { telemetryBoard } from "./dashboards/telemetry/index.ts";
import type { OwnDashboard } from "./extension/extension.ts";
import { ownBoard } from "./extension/own-board.ts";
import type { Dashboard, Topic } from "./model.ts";

/** The dashboards that alerts link to, with the thresholds of these topics' alerts. */
export function dashboardsOf(
  context: Context,
  topics: readonly Topic[],
  own: readonly OwnDashboard[] = [],
): readonly Dashboard[] {
  const board = boardOf(
    context,
    topics.flatMap(({ alerts }) => alerts),
    own,
  );
  return [
    ...[overview, serverDetails, alertsBoard, sloBoard, telemetryBoard].map((dashboard) => dashboard(board)),
    ...own.map((dashboard) => ownBoard(dashboard, board)),
  ];
}
