import type { Clock } from "../platform/platform.ts";
import type { JsonValue } from "../protocol/json-rpc.ts";
import { LISTS, type ListItems, type ListKind } from "./lists.ts";

/** Items that are compared between two turns of the event loop. */
const TURN_ITEMS = 500;
/** Items that are told by name; of more it is told that the list has changed. */
const NAMED_MAX = 100;

/** Whether two lists say the same, in the same order. Long lists are compared in several turns of the event loop. */
export async function sameItems(
  before: ListItems | undefined,
  now: ListItems,
  clock: Pick<Clock, "defer">,
): Promise<boolean> {
  if (before?.length !== now.length) return false;
  for (const [at, item] of now.entries()) {
    if (at % TURN_ITEMS === TURN_ITEMS - 1) await new Promise<void>((resolve) => clock.defer(resolve));
    if (JSON.stringify(before[at]) !== JSON.stringify(item)) return false;
  }
  return true;
}

/**
 * Names or URIs of the items that came, went or look different; `undefined` when they are too many, or some have changed
 * places, which says nothing about any of them.
 */
export async function changedNames(
  list: ListKind,
  [before, now]: readonly [ListItems, ListItems],
  clock: Pick<Clock, "defer">,
): Promise<ReadonlySet<string> | undefined> {
  const { identity } = LISTS[list];
  const former = new Map(before.map((item, at) => [item[identity], { item, at }]));
  const names = new Set<string>();
  const add = (name: JsonValue | undefined): void => {
    if (typeof name === "string") names.add(name);
  };
  let lastAt = -1;
  for (const [index, item] of now.entries()) {
    if (index % TURN_ITEMS === TURN_ITEMS - 1) await new Promise<void>((resolve) => clock.defer(resolve));
    const known = former.get(item[identity]);
    former.delete(item[identity]);
    if (known !== undefined && known.at < lastAt) return undefined;
    lastAt = known?.at ?? lastAt;
    if (known === undefined || JSON.stringify(known.item) !== JSON.stringify(item)) add(item[identity]);
    if (names.size > NAMED_MAX) return undefined;
  }
  for (const name of former.keys()) add(name);
  return names.size > NAMED_MAX ? undefined : names;
}
