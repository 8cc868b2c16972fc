import type { Clock } from "../platform/platform.ts";
import type { JsonObject } from "../protocol/json-rpc.ts";
import type { ListItems } from "./lists.ts";
import { TurnBudget } from "./turn-budget.ts";

/** Bytes of the JSON of each definition, for as long as that is kept. */
const measured = new WeakMap<JsonObject, number>();

/** Measures the definitions of a list, in as many turns of the event loop as that takes. */
export async function measureDefinitions(items: ListItems, clock: Pick<Clock, "defer">): Promise<void> {
  const budget = new TurnBudget(clock);
  for (const item of items) {
    const text = JSON.stringify(item);
    measured.set(item, Buffer.byteLength(text));
    await budget.spend(text.length);
  }
}

/** Bytes of the JSON of one definition; 0 of one that was not measured. */
export function bytesOf(item: JsonObject): number {
  return measured.get(item) ?? 0;
}

/** Bytes of JSON that definitions have together: what they cost an agent's context. */
export function definitionBytes(items: ListItems): number {
  return items.reduce((sum, item) => sum + bytesOf(item), 0);
}
