import type { Context } from "../context.ts";
import type { Topic } from "../model.ts";
import { burnAlerts } from "../slo/burn-alerts.ts";
import { indicatorsOf } from "../slo/indicators.ts";
import { recordSlo, type SloRecords } from "../slo/recording-rules.ts";
import { slosOf } from "../slo/slos.ts";

/** Objectives, their error budgets and alerts on spending them too fast. */
export function slos(context: Context): Topic {
  const records = sloRecords(context);
  return {
    name: "slos",
    recordingRules: records.flatMap(({ rules }) => rules),
    alerts: records.flatMap((each) => burnAlerts(context, each)),
  };
}

/** What is recorded about each SLO, with its types: what the SLO dashboard selects from. */
export function sloRecords(context: Context): readonly SloRecords[] {
  const indicators = indicatorsOf(context);
  return Object.values(slosOf(context.options)).map((slo) => recordSlo(context, slo, indicators[slo.name]));
}
