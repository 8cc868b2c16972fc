import type { Context } from "../context.ts";
import { alertRule, when } from "../define.ts";
import type { AlertRule } from "../model.ts";
import type { AlertKey, SloName } from "../names.ts";
import { fromSeconds, toSeconds } from "../promql/duration.ts";
import { avgOverTime } from "../promql/functions.ts";
import { and, partOf } from "../promql/operators.ts";
import { label, most, text, value } from "../template.ts";
import { atLeastOf } from "../topics/at-least-of.ts";
import { percent } from "./decimal.ts";
import type { SloRecords } from "./recording-rules.ts";
import { burnThreshold } from "./slos.ts";

const ALERT_OF: Readonly<Record<SloName, AlertKey>> = {
  availability: "AvailabilityBudgetBurn",
  latency: "LatencyBudgetBurn",
  errors: "ErrorsBudgetBurn",
  batch_success: "BatchSuccessBudgetBurn",
};

/** One rule a pair of windows: the long one tells that it matters, the short one that it still goes on. */
export function burnAlerts(
  { rules }: Context,
  { slo, errorRatio, seen, badEvents, badByServer }: SloRecords,
): readonly AlertRule[] {
  const labels = { slo: slo.name };
  return slo.windows.map((window) => {
    const threshold = burnThreshold(slo, window);
    const condition = { threshold, unit: "percentunit" } as const;
    // Windows are recorded under their shortest spelling.
    const [longName, shortName] = [fromSeconds(toSeconds(window.long)), fromSeconds(toSeconds(window.short))];
    const spent = partOf(
      rules.series(errorRatio(longName).metric, labels),
      rules.series(seen(longName).metric, labels),
    );
    const long = when(spent, ">", condition);
    const short = when(rules.series(errorRatio(shortName).metric, labels), ">", condition);
    const bad = badEvents(longName);
    const burning = { ...long, expr: and(long.expr, short.expr) };
    const told =
      bad === undefined
        ? { expr: burning.expr, conditions: [burning] }
        : atLeastOf(burning, rules.series(bad.metric, labels), window);
    const exhausted = fromSeconds(Math.floor(toSeconds(slo.period) / window.factor / 3_600) * 3_600);
    const spenders =
      badByServer === undefined
        ? ""
        : most(
            ` Within ${shortName}, most of it went to`,
            ".",
            avgOverTime(rules.series(badByServer.metric, labels), shortName),
          );
    const speed = window.factor > 1 ? `${window.factor} times as fast as allowed` : "faster than allowed";
    return alertRule({
      alert: ALERT_OF[slo.name],
      variant: window.long,
      setting: window,
      expr: told.expr,
      conditions: [...told.conditions.slice(0, 1), short, ...told.conditions.slice(1)],
      labels: { slo: slo.name, long_window: window.long },
      summary: text`SLO ${slo.name} of ${label("job")} spends its error budget ${speed}`,
      description: text`${value("percentage")} of the last ${window.long} was bad; the objective of ${percent(slo.objective)} % allows ${percent(slo.budget)} %. At this rate the budget of ${slo.period} lasts ${exhausted}.${spenders}`,
      dashboard: { uid: "mcp-hangar-slo" },
    });
  });
}
