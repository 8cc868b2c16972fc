import type { AlertRule, RecordingRule, ScenarioSeries } from "../../src/model.ts";
import { matches } from "../../src/promql/evaluate.ts";
import { nodesOf, type SelectorNode } from "../../src/promql/node.ts";
import { isGiven, type Rules, recordsFor } from "./touched.ts";

/** Rules that see nothing of what other rules make, and the series that they read. */
export interface Part extends Rules {
  readonly series: readonly ScenarioSeries[];
}

/**
 * Parts of some rules that can be played apart, each with the series that it reads, and together say the same: a rule is in one part with
 * all whose records or alerts it reads, and alerts of one name are together. Parts that read the same series are one. Most of what
 * happens in one incident happens in others too, and a part that is the same need be played once.
 */
export function partsOf({ alerts, recordingRules }: Rules, series: readonly ScenarioSeries[]): readonly Part[] {
  const groups = new Groups<AlertRule | RecordingRule>([...recordingRules, ...alerts]);
  for (const rule of [...recordingRules, ...alerts]) {
    for (const selector of selectorsOf(rule)) {
      for (const read of recordsFor(selector, recordingRules)) groups.join(rule, read);
      if (selector.metric.name === "ALERTS") for (const alert of alertsFor(selector, alerts)) groups.join(rule, alert);
    }
  }
  for (const [first, ...others] of Map.groupBy(alerts, ({ name }) => name).values()) {
    for (const other of others) if (first !== undefined) groups.join(first, other);
  }
  const bySeries = Map.groupBy(groups.all(), (rules) => {
    const selectors = rules.flatMap(selectorsOf);
    return series.flatMap((each, index) => (selectors.some((one) => isGiven(one, [each])) ? [index] : [])).join(" ");
  });
  return [...bySeries].map(([indexes, some]) => {
    const own = new Set(some.flat());
    return {
      alerts: alerts.filter((rule) => own.has(rule)),
      recordingRules: recordingRules.filter((rule) => own.has(rule)),
      series: series.filter((_each, index) => indexes.split(" ").includes(String(index))),
    };
  });
}

function selectorsOf({ expr }: AlertRule | RecordingRule): readonly SelectorNode[] {
  return [...nodesOf(expr.node)].filter((node) => node.kind === "selector");
}

/** The alerts whose state a selector of the series `ALERTS` can read; all where it does not say which. */
function alertsFor({ matchers }: SelectorNode, alerts: readonly AlertRule[]): readonly AlertRule[] {
  const named = matchers.filter(({ label }) => label === "alertname");
  return alerts.filter(({ name }) => named.every((matcher) => matches(name, matcher)));
}

/** Things, some of which belong together. */
class Groups<Item> {
  readonly #groupOf: Map<Item, Set<Item>>;

  constructor(items: readonly Item[]) {
    this.#groupOf = new Map(items.map((item) => [item, new Set([item])]));
  }

  /** Puts the groups of both into one. */
  join(one: Item, other: Item): void {
    const group = this.#of(one);
    for (const item of this.#of(other)) {
      group.add(item);
      this.#groupOf.set(item, group);
    }
  }

  all(): readonly (readonly Item[])[] {
    return [...new Set(this.#groupOf.values())].map((group) => [...group]);
  }

  #of(item: Item): Set<Item> {
    const group = this.#groupOf.get(item);
    if (group === undefined) throw new Error("only what was there in the beginning can be joined");
    return group;
  }
}
