import { linesOf } from "../dashboards/alert-lines.ts";
import type { Panel } from "../dashboards/model.ts";
import type { AlertRule } from "../model.ts";
import type { MonitoringOptions } from "../settings/options.ts";
import type { Check, Finding } from "./check.ts";

/** Every alert is on a panel of the dashboard that it links to, and the line there is its threshold. */
export const alertsAreDrawn: Check = {
  name: "alerts-are-drawn",
  run({ alerts, dashboards, options }) {
    const notShown = alerts
      .filter(({ conditions }) => conditions.length > 0)
      .filter((alert) => {
        const linked = dashboards.find(({ uid }) => uid === alert.dashboard.uid);
        return !(linked?.panels ?? []).some((panel) => panel.alerts.some(({ id }) => id === alert.id));
      })
      .map(
        (alert): Finding => ({
          subject: `alert ${alert.id}`,
          problem: `no panel of ${alert.dashboard.uid}, to which it links, shows it`,
          mend: "draw it on a panel there, or link to the dashboard that shows it",
        }),
      );
    const wrongLines = dashboards.flatMap(({ uid, panels }) =>
      panels.flatMap((panel) =>
        panel.alerts.flatMap((alert) =>
          missingLines(alert, panel, options).map(
            (value): Finding => ({
              subject: `panel ${panel.key} of ${uid}`,
              problem: `the threshold ${value} of ${alert.id} is not drawn`,
              mend: "take thresholds from `draw`, which reads them off the alerts",
            }),
          ),
        ),
      ),
    );
    return [...notShown, ...wrongLines];
  },
};

function missingLines(alert: AlertRule, panel: Panel, options: MonitoringOptions): readonly number[] {
  const drawn = new Set(panel.thresholds.map(({ value }) => value));
  return linesOf(alert, panel.unit, options.alerts).filter((value) => !drawn.has(value));
}
