import type { BurnWindow, Slo } from "../model.ts";
import type { SloName } from "../names.ts";
import { toSeconds } from "../promql/duration.ts";
import type { MonitoringOptions } from "../settings/options.ts";
import type { BurnSettings } from "../settings/slos.ts";
import { complementOf, product, quotient } from "./decimal.ts";

/** The SLOs with their budgets and burn-rate windows. */
export function slosOf({ slos, burn }: MonitoringOptions): Readonly<Record<SloName, Slo>> {
  const windows = burnWindows(burn);
  const slo = (name: SloName, title: string): Slo => ({
    name,
    title,
    objective: slos[name].objective,
    budget: complementOf(slos[name].objective),
    period: burn.period,
    windows,
  });
  return {
    availability: slo("availability", "The gateway answers scrapes"),
    latency: slo("latency", `Tool calls take at most ${slos.latency.limit} s`),
    errors: slo("errors", "Tool calls do not fail"),
    batch_success: slo("batch_success", "Batch items do not fail"),
  };
}

/** The error ratio that both windows must exceed. Above 1 it cannot be reached, which a check finds. */
export function burnThreshold({ budget }: Slo, { factor }: BurnWindow): number {
  return product(factor, budget);
}

function burnWindows({ period, windows }: BurnSettings): readonly BurnWindow[] {
  return windows.map(({ budgetShare, ...window }) => ({
    ...window,
    factor: quotient(product(budgetShare, toSeconds(period)), toSeconds(window.long)),
  }));
}
