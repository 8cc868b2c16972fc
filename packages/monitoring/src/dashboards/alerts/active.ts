import type { Severity } from "../../names.ts";
import { by, count, max } from "../../promql/aggregate.ts";
import { prometheusMetrics } from "../../promql/external.ts";
import { constant } from "../../promql/functions.ts";
import { multiply, or } from "../../promql/operators.ts";
import { not } from "../../promql/select.ts";
import type { Vector } from "../../promql/vector.ts";
import { TONE_OF_SEVERITY } from "../alert-lines.ts";
import type { Board } from "../board.ts";
import type { SectionDraft } from "../layout.ts";
import { query } from "../measures.ts";
import { stat, table, timeline } from "../panels.ts";
import { zeroIsOk } from "../tones.ts";
import { whyEmpty } from "../why-empty.ts";

/** What fires now, and what fired when. */
export function active(board: Board): SectionDraft {
  const { ofJob } = board;
  const firing = ofJob.series(prometheusMetrics.alerts, { alertstate: "firing", severity: not("none") });
  const pending = ofJob.series(prometheusMetrics.alerts, { alertstate: "pending", severity: not("none") });
  const urgent = or(multiply(firingAs(board, "critical"), 4), multiply(firingAs(board, "warning"), 3));
  const forTheRecord = multiply(firingAs(board, "info"), 2);
  const labels = by("alertname", "severity", "mcp_server", "slo");
  return {
    id: 100,
    title: "Active",
    rows: [
      [
        stat({
          key: "firing-critical",
          id: 101,
          title: "Critical",
          description: "Alerts that fire and wake somebody. The table below says which.",
          unit: "none",
          queries: [query(firingOf(board, "critical"), "Critical")],
          thresholds: [{ value: 1, tone: "bad" }],
          meanings: zeroIsOk,
          width: 6,
          whenEmpty: whyEmpty.alerts,
          leadsTo: { title: "Which alerts", uid: "mcp-hangar-alerts", panel: "firing" },
        }),
        stat({
          key: "firing-warning",
          id: 102,
          title: "Warning",
          description: "Alerts that fire and can wait until the morning.",
          unit: "none",
          queries: [query(firingOf(board, "warning"), "Warning")],
          thresholds: [{ value: 1, tone: "attention" }],
          meanings: zeroIsOk,
          width: 6,
          whenEmpty: whyEmpty.alerts,
          leadsTo: { title: "Which alerts", uid: "mcp-hangar-alerts", panel: "firing" },
        }),
        stat({
          key: "firing-info",
          id: 103,
          title: "Info",
          description: "Alerts for the record. Nobody needs to act.",
          unit: "none",
          queries: [query(firingOf(board, "info"), "Info")],
          thresholds: [{ value: 1, tone: "neutral" }],
          meanings: zeroIsOk,
          width: 6,
          whenEmpty: whyEmpty.alerts,
          leadsTo: { title: "Which alerts", uid: "mcp-hangar-alerts", panel: "firing" },
        }),
        stat({
          key: "pending",
          id: 104,
          title: "Pending",
          description: "Alerts whose condition holds, but not yet for long enough to fire.",
          unit: "none",
          queries: [query(or(count(pending), constant(0)), "Pending")],
          thresholds: [{ value: 1, tone: "soon" }],
          meanings: zeroIsOk,
          width: 6,
          whenEmpty: whyEmpty.alerts,
          leadsTo: { title: "Which alerts, since when", uid: "mcp-hangar-alerts", panel: "alert-timeline" },
        }),
      ],
      [
        table({
          key: "firing",
          id: 105,
          title: "Firing now",
          description: "Every alert that fires. Click its name to read what to do.",
          unit: "none",
          queries: [{ expr: max(firing, labels), legend: "Firing" }],
          runbook: { title: "What to do about {{alertname}}", alertLabel: "alertname" },
          whenEmpty: whyEmpty.alerts,
          width: 12,
        }),
        timeline({
          key: "alert-timeline",
          id: 106,
          title: "Timeline",
          description:
            "When each alert was pending and when it fired, with what severity. The first row is green while Prometheus answers.",
          unit: "none",
          queries: [
            query(constant(0), "Prometheus answers"),
            query(max(or(or(urgent, forTheRecord), pending), by("alertname")), "{{alertname}}"),
          ],
          meanings: [
            { value: 0, text: "OK", tone: "good" },
            { value: 1, text: "pending", tone: "soon" },
            { value: 2, text: "info", tone: TONE_OF_SEVERITY.info },
            { value: 3, text: "warning", tone: TONE_OF_SEVERITY.warning },
            { value: 4, text: "critical", tone: TONE_OF_SEVERITY.critical },
          ],
          whenEmpty: whyEmpty.alerts,
          height: 9,
        }),
      ],
      [
        timeline({
          key: "severity-timeline",
          id: 107,
          title: "Firing by severity",
          description: "How many alerts of each severity fired when. Green is none.",
          unit: "none",
          queries: (["critical", "warning", "info"] as const).map((severity) => ({
            expr: firingOf(board, severity),
            legend: severity,
            thresholds: [{ value: 1, tone: TONE_OF_SEVERITY[severity] }],
          })),
          base: "good",
          meanings: zeroIsOk,
          width: 24,
          height: 6,
          whenEmpty: whyEmpty.alerts,
        }),
      ],
    ],
  };
}

/** Zero is an answer too, and the best one. */
function firingOf(board: Board, severity: Severity): Vector<never, "level"> {
  return or(count(firingAs(board, severity)), constant(0));
}

function firingAs({ ofJob }: Board, severity: Severity) {
  return ofJob.series(prometheusMetrics.alerts, { alertstate: "firing", severity });
}
