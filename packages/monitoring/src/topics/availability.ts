import type { Context } from "../context.ts";
import { alertRule, when } from "../define.ts";
import type { Topic } from "../model.ts";
import { prometheusMetrics } from "../promql/external.ts";
import { absent, constant } from "../promql/functions.ts";
import { or } from "../promql/operators.ts";
import { label, text, whereThere } from "../template.ts";

/** Whether the gateway can be seen, and whether the alerting itself works. */
export function availability({ options: { alerts }, rules }: Context): Topic {
  const up = rules.series(prometheusMetrics.up);
  const down = when(up, "==", { threshold: 0, unit: "bool" });
  return {
    name: "availability",
    recordingRules: [],
    alerts: [
      alertRule({
        alert: "NotResponding",
        setting: alerts.NotResponding,
        // A target that has left service discovery has no `up` that could be 0.
        expr: or(down.expr, absent(up)),
        conditions: [down],
        summary: text`MCP Hangar (${label("job")}) does not respond${whereThere(" on ", "instance")}`,
        description: text`Prometheus cannot scrape the gateway${whereThere(" ", "instance")} of the job ${label("job")}, or service discovery knows none any more. Its clients most likely cannot call tools.`,
        dashboard: { uid: "mcp-hangar-overview" },
      }),
      alertRule({
        alert: "Watchdog",
        setting: alerts.Watchdog,
        expr: constant(1),
        conditions: [],
        summary: text`Alerting works`,
        description: text`This alert always fires. Whoever receives it should raise an alarm when it stops: then Prometheus, Alertmanager or the way to the receiver is broken.`,
        dashboard: { uid: "mcp-hangar-alerts" },
      }),
    ],
  };
}
