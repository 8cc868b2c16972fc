import { BackfilledPrometheus, type MinuteSeries } from "./backfilled.ts";
import { neededRules, type RuleFile } from "./needed-rules.ts";

/** An alert that has fired. */
export interface Fired {
  readonly name: string;
  readonly severity: string;
  /** How often one of its series began to fire. */
  readonly times: number;
  /** The first minute in which one fired. */
  readonly first: number;
}

type Rule = RuleFile["groups"][number]["rules"][number] & { readonly for?: string; readonly every: number };

/** Windows from a day on, which have an interval of their own, are evaluated every so many minutes here. */
const SLOW = 5;

/**
 * What fires while these series are so, one value and one evaluation a minute. `ALERTS` does not exist here, so that an alert which
 * leaves out what others page for may fire once too often, and never once too few.
 */
export async function firedIn(
  { alerts, records }: { readonly alerts: RuleFile; readonly records: RuleFile },
  series: readonly MinuteSeries[],
  minutes: number,
): Promise<readonly Fired[]> {
  await using prometheus = await BackfilledPrometheus.create();
  await prometheus.add(sorted(series));
  for (const level of levelsOf(rulesIn(neededRules(alerts, records)))) {
    const recorded: MinuteSeries[] = [];
    for (const { record = "", expr, labels = {}, every } of level) {
      const found = await prometheus.values(String(expr), minutes, every);
      recorded.push(
        ...found.map((each) => ({
          name: record,
          labels: { ...each.labels, ...labels },
          values: held(each.values, every),
        })),
      );
    }
    if (recorded.length > 0) await prometheus.add(sorted(recorded));
  }
  const fired: Fired[] = [];
  for (const rule of rulesIn(alerts)) {
    for (const { values } of await prometheus.values(String(rule.expr), minutes, 1)) {
      const begins = beginnings(values, rule.for);
      const [first] = begins;
      if (first === undefined) continue;
      fired.push({ name: rule.alert ?? "", severity: rule.labels?.severity ?? "", times: begins.length, first });
    }
  }
  return summed(fired);
}

function rulesIn({ groups }: RuleFile): readonly Rule[] {
  return groups.flatMap(({ interval, rules }) =>
    rules.map((rule) => ({ ...rule, every: interval === undefined ? 1 : SLOW })),
  );
}

/** Rules in an order in which each finds what it reads, as many as possible at a time. */
function levelsOf(rules: readonly Rule[]): readonly (readonly Rule[])[] {
  const open = new Set(rules);
  const levels: Rule[][] = [];
  while (open.size > 0) {
    const missing = new Set([...open].map(({ record }) => record));
    const ready = [...open].filter(({ expr }) => !namesIn(String(expr)).some((name) => missing.has(name)));
    if (ready.length === 0) throw new Error(`rules wait for each other: ${[...missing].join(", ")}`);
    for (const rule of ready) open.delete(rule);
    levels.push(ready);
  }
  return levels;
}

function namesIn(expr: string): readonly string[] {
  return expr.match(/[a-zA-Z_]\w*:[\w:]+/g) ?? [];
}

function sorted(series: readonly MinuteSeries[]): readonly MinuteSeries[] {
  return series.toSorted((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
}

/** Until the next evaluation the value is what it was. */
function* held(values: MinuteSeries["values"], every: number): Generator<readonly [number, number]> {
  for (const [minute, value] of values) for (let more = 0; more < every; more++) yield [minute + more, value];
}

/** The minutes in which an alert begins to fire: true in every minute for as long as its `for`. */
function beginnings(values: MinuteSeries["values"], wait = "0s"): readonly number[] {
  const minutes = minutesOf(wait);
  const begins: number[] = [];
  let since: number | undefined;
  let last: number | undefined;
  for (const [minute] of values) {
    if (since === undefined || last === undefined || minute > last + 1) since = minute;
    last = minute;
    if (minute - since === minutes) begins.push(minute);
  }
  return begins;
}

/** Whole minutes of a duration, rounded up: there is one evaluation a minute. */
function minutesOf(duration: string): number {
  const seconds = [...duration.matchAll(/(\d+)([smhd])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * { s: 1, m: 60, h: 3_600, d: 86_400 }[unit as "s" | "m" | "h" | "d"],
    0,
  );
  return Math.ceil(seconds / 60);
}

function summed(fired: readonly Fired[]): readonly Fired[] {
  return [...Map.groupBy(fired, ({ name, severity }) => `${name} ${severity}`).values()].flatMap((same) => {
    const [one] = same;
    if (one === undefined) return [];
    return [
      {
        ...one,
        times: same.reduce((sum, { times }) => sum + times, 0),
        first: Math.min(...same.map(({ first }) => first)),
      },
    ];
  });
}
