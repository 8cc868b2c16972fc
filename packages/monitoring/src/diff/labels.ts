import type { Told } from "./changes.ts";
import type { LockedLabel } from "./lock.ts";
import { pairs, wordsAlike } from "./renames.ts";

/** What changed in the labels of one metric, rule or alert. */
export function labelChanges(
  before: readonly LockedLabel[],
  after: readonly LockedLabel[],
  added: "label added" | "alert label added",
): readonly Told[] {
  const [old, now] = [byName(before), byName(after)];
  const gone = before.filter(({ name }) => !now.has(name));
  const fresh = after.filter(({ name }) => !old.has(name));
  const renames = pairs(gone, fresh, { likeness, least: 0.5 });
  return [
    ...gone.map(({ name }): Told => {
      return { kind: "label removed", detail: `the label ${name} is gone`, renamedTo: renames.get(name) };
    }),
    ...fresh.map(({ name }): Told => ({ kind: added, detail: `it has the new label ${name}` })),
    ...before.flatMap((label) => {
      const same = now.get(label.name);
      return same === undefined ? [] : valueChanges(label, same);
    }),
  ];
}

function valueChanges(before: LockedLabel, after: LockedLabel): readonly Told[] {
  const { name } = before;
  if (!("values" in before) || !("values" in after)) {
    const [old, now] = [meaningOf(before), meaningOf(after)];
    if (old === now) return [];
    return [{ kind: "label meaning changed", detail: `the label ${name} was ${old} and is ${now}` }];
  }
  const gone = before.values.filter((value) => !after.values.includes(value));
  const fresh = after.values.filter((value) => !before.values.includes(value));
  const [only] = fresh;
  const renamedTo = gone.length === 1 && fresh.length === 1 ? only : undefined;
  return [
    ...gone.map((value): Told => {
      return { kind: "label value removed", detail: `${name}=${JSON.stringify(value)} is gone`, renamedTo };
    }),
    ...fresh.map((value): Told => {
      return { kind: "label value added", detail: `${name}=${JSON.stringify(value)} is new` };
    }),
  ];
}

function meaningOf(label: LockedLabel): string {
  if ("values" in label) return "one of listed values";
  if ("namesOf" in label) return `the name of a ${label.namesOf} (${JSON.stringify(label.absent)} without one)`;
  return "any value";
}

/** Labels with the same values are the same under another name; without values to go by, their words decide. */
function likeness(a: LockedLabel, b: LockedLabel): number {
  const hasSameValues = sortOf(a) === sortOf(b) && sortOf(a) !== "any";
  return wordsAlike(a.name, b.name) + (hasSameValues ? 1 : 0);
}

/** What the values of a label are, whatever its name is: the same text for the same. */
export function sortOf(label: LockedLabel): string {
  if ("values" in label) return JSON.stringify([...label.values].sort());
  return "namesOf" in label ? JSON.stringify({ namesOf: label.namesOf }) : "any";
}

function byName(labels: readonly LockedLabel[]): ReadonlyMap<string, LockedLabel> {
  return new Map(labels.map((label) => [label.name, label]));
}
