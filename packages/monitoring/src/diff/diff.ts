import { type Change, change, type Subject, type Told } from "./changes.ts";
import { labelChanges, sortOf } from "./labels.ts";
import type { CatalogLock, LockedLabel, LockedMetric, LockedRule } from "./lock.ts";
import { pairs, wordsAlike } from "./renames.ts";

/** Everything that differs between two catalogs, breaking changes first. */
export function diffCatalogs(before: CatalogLock, after: CatalogLock): readonly Change[] {
  const all = [
    ...itemChanges("metric", before.metrics, after.metrics, { likeness: metricsAlike, least: 0.4, told: metricTold }),
    ...itemChanges("recording rule", before.recordingRules, after.recordingRules, {
      likeness: rulesAlike,
      least: 0.5,
      told: ({ labels }, now) => labelChanges(labels, now.labels, "label added"),
    }),
    ...itemChanges("alert", before.alerts, after.alerts, {
      likeness: rulesAlike,
      least: 0.5,
      told: ({ labels }, now) => labelChanges(labels, now.labels, "alert label added"),
    }),
  ];
  const { breaking = [], compatible = [] } = Object.groupBy(all, ({ impact }) => impact);
  return [...breaking, ...compatible];
}

interface Comparison<Item> {
  readonly likeness: (gone: Item, fresh: Item) => number;
  /** How alike two items must be for a rename. */
  readonly least: number;
  /** What changed in an item that is in both catalogs. */
  readonly told: (before: Item, after: Item) => readonly Told[];
}

function itemChanges<Item extends LockedRule>(
  subject: Subject,
  before: readonly Item[],
  after: readonly Item[],
  { likeness, least, told }: Comparison<Item>,
): readonly Change[] {
  const old = new Set(before.map(({ name }) => name));
  const now = new Map(after.map((item) => [item.name, item]));
  const gone = before.filter(({ name }) => !now.has(name));
  const fresh = after.filter(({ name }) => !old.has(name));
  const renames = pairs(gone, fresh, { likeness, least });
  return [
    ...before.flatMap((item) => {
      const same = now.get(item.name);
      const changes: readonly Told[] =
        same === undefined
          ? [{ kind: "removed", detail: "it is gone", renamedTo: renames.get(item.name) }]
          : told(item, same);
      return changes.map((each) => change(subject, item.name, each));
    }),
    ...fresh.map(({ name }) => change(subject, name, { kind: "added", detail: "it is new" })),
  ];
}

function metricTold(before: LockedMetric, after: LockedMetric): readonly Told[] {
  return [
    ...(before.type === after.type
      ? []
      : [{ kind: "type changed", detail: `it was a ${before.type} and is a ${after.type}` } as const]),
    ...labelChanges(before.labels, after.labels, "label added"),
    ...boundaryChanges(before.buckets ?? [], after.buckets ?? []),
    ...(before.help === after.help
      ? []
      : [{ kind: "help changed", detail: "its help text says something else" } as const]),
  ];
}

function boundaryChanges(before: readonly number[], after: readonly number[]): readonly Told[] {
  const gone = before.filter((boundary) => !after.includes(boundary));
  const fresh = after.filter((boundary) => !before.includes(boundary));
  return [
    ...gone.map((each): Told => ({ kind: "boundary removed", detail: `the bucket boundary ${each} is gone` })),
    ...fresh.map((each): Told => ({ kind: "boundary added", detail: `the bucket boundary ${each} is new` })),
  ];
}

/** Counts of the same with the same labels keep most of their words, or their help text does. */
function metricsAlike(a: LockedMetric, b: LockedMetric): number {
  if (a.type !== b.type) return 0;
  return 0.5 * wordsAlike(a.name, b.name) + 0.3 * wordsAlike(a.help, b.help) + (haveSameLabels(a, b) ? 0.2 : 0);
}

function rulesAlike(a: LockedRule, b: LockedRule): number {
  return 0.7 * wordsAlike(a.name, b.name) + (haveSameLabels(a, b) ? 0.3 : 0);
}

/** By their values, for a label may have been renamed together with the metric. */
function haveSameLabels({ labels: a }: LockedRule, { labels: b }: LockedRule): boolean {
  const sorts = (labels: readonly LockedLabel[]): string => JSON.stringify(labels.map(sortOf).sort());
  return sorts(a) === sorts(b);
}
