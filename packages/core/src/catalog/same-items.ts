import type { Clock } from "../platform/platform.ts";
import type { ListItems } from "./lists.ts";

/** Items that are compared between two turns of the event loop. */
const TURN_ITEMS = 500;

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
