import type { Context } from "../context.ts";
import type { Board } from "../dashboards/board.ts";
import type { SectionDraft } from "../dashboards/layout.ts";
import type { Runbook, Topic } from "../model.ts";
import type { OwnDashboardUid } from "../names.ts";
import type { Coverage } from "../scenarios/story.ts";

/** A dashboard of an installation's own. It gets the choices, links and marks that all dashboards have. */
export interface OwnDashboard {
  /** Begins with `mcp-hangar-own-`; the rest names the file. */
  readonly uid: OwnDashboardUid;
  readonly title: string;
  readonly description: string;
  readonly sections: (board: Board) => readonly SectionDraft[];
}

/**
 * An installation's own alerts, recording rules, runbooks and dashboards. They are checked as those of the product are:
 * metrics and labels exist, every alert has a runbook, a panel with its threshold and scenarios of every kind, which
 * promtool plays.
 */
export interface Extension {
  /** Alerts, whose names begin with `Own`, and recording rules. Receivers follow from severities. */
  readonly topic?: (context: Context) => Omit<Topic, "name">;
  /** What the alerts of the topic have to do. Given are those alerts. */
  readonly scenarios?: (context: Context, topic: Topic) => Coverage;
  /** A page for each of them. */
  readonly runbooks?: (context: Context) => readonly Runbook[];
  readonly dashboards?: readonly OwnDashboard[];
}
