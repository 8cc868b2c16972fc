import { contextOf } from "../context.ts";
import type { Slo } from "../model.ts";
import { by, count, sum } from "../promql/aggregate.ts";
import { prometheusMetrics } from "../promql/external.ts";
import type { SelectorNode } from "../promql/node.ts";
import { nodesOf } from "../promql/node.ts";
import { or, zero } from "../promql/operators.ts";
import { printPromql } from "../promql/print.ts";
import type { Expression } from "../promql/vector.ts";
import { asDeployed } from "../render/rules.ts";
import { indicatorsOf } from "../slo/indicators.ts";
import type { Stack } from "../stack.ts";

/** An SLO with what it measures, as other systems ask for it. */
export type SloSource = SloOfEvents | SloOfTime;

interface SloOfEvents {
  readonly kind: "events";
  readonly slo: Slo;
  readonly alert: string;
  /** Rates of bad and of all events over a window, which may be a placeholder of the other system. */
  readonly bad: (window: string) => string;
  readonly valid: (window: string) => string;
  /** The counters behind them as plain selectors. */
  readonly counters: { readonly bad: string; readonly valid: string; readonly inTime: string | undefined };
}

interface SloOfTime {
  readonly kind: "time";
  readonly slo: Slo;
  readonly alert: string;
  /** The share of a window that was bad. */
  readonly badShare: (window: string) => string;
  /** Gateways that are up, and all of them. */
  readonly good: string;
  readonly all: string;
  readonly gauge: string;
}

/** Every SLO of a stack. */
export function sloSources(stack: Stack): readonly SloSource[] {
  const context = contextOf(stack.options);
  const indicators = indicatorsOf(context);
  const base = stack.options.burn.baseWindow;
  const text = (expr: Expression): string => printPromql(asDeployed(expr, stack));
  const over = (expr: Expression) => (window: string) => text(expr).replaceAll(`[${base}]`, `[${window}]`);
  return stack.slos.map((slo): SloSource => {
    const indicator = indicators[slo.name];
    const alert = stack.alerts.find(({ labels }) => labels.slo === slo.name)?.name ?? `MCPHangarSlo_${slo.name}`;
    if (indicator.kind === "events") {
      // Without failures there may be no series of failures.
      const bad = or(indicator.bad, zero(indicator.valid));
      const counters = {
        bad: selectorIn(indicator.bad, ({ suffix }) => suffix !== "_bucket"),
        valid: selectorIn(indicator.valid, () => true),
        inTime: selectorIn(indicator.bad, ({ suffix }) => suffix === "_bucket") || undefined,
      };
      return { kind: "events", slo, alert, bad: over(bad), valid: over(indicator.valid), counters };
    }
    const up = context.rules.series(prometheusMetrics.up);
    const good = text(indicator.good);
    return {
      kind: "time",
      slo,
      alert,
      badShare: (window) => `1 - avg_over_time((\n${good}\n)[${window}:${stack.options.evaluationInterval}])`,
      good: text(sum(up, by("job"))),
      all: text(count(up, by("job"))),
      gauge: text(up),
    };
  });
}

/** The first selector that fits, without its range; an empty text for none. */
function selectorIn({ node }: Expression, fits: (selector: SelectorNode) => boolean): string {
  for (const each of nodesOf(node)) {
    if (each.kind !== "selector" || !fits(each)) continue;
    const { range: _, ...plain } = each;
    return printPromql({ node: plain });
  }
  return "";
}
