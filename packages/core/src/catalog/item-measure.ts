import { isJsonObject, type JsonObject, type JsonValue } from "../protocol/json-rpc.ts";
import { isPlainObject } from "./plain-object.ts";

/** What one walk over an item tells. */
export interface ItemMeasure {
  /** Characters of its JSON text, more or less. */
  readonly chars: number;
  /** Members of the item in which something is nested too deep. */
  readonly deep: ReadonlySet<string>;
  /** Whether some text has half a character, which parsers of other languages refuse. */
  readonly illFormed: boolean;
}

/** Measures an item. Below `levelsMax` nothing is looked at. */
export function measure(item: JsonObject, levelsMax: number): ItemMeasure {
  const tally: Tally = { chars: 2, tooDeep: false, illFormed: false };
  const deep = new Set<string>();
  for (const name in item) {
    count(name, 0, tally);
    tally.tooDeep = false;
    count(item[name] ?? null, levelsMax - 1, tally);
    if (tally.tooDeep) deep.add(name);
  }
  return { chars: tally.chars, deep, illFormed: tally.illFormed };
}

/** The item with every half of a character replaced by U+FFFD, in keys and values. */
export function wellFormed(item: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => [name.toWellFormed(), repaired(value ?? null)]),
  );
}

interface Tally {
  chars: number;
  tooDeep: boolean;
  illFormed: boolean;
}

function count(value: JsonValue, levels: number, tally: Tally): void {
  if (typeof value === "string") {
    tally.chars += value.length + 3;
    if (!value.isWellFormed()) tally.illFormed = true;
  } else if (typeof value !== "object" || value === null) tally.chars += 6;
  else if (levels <= 0) tally.tooDeep = true;
  else if (isJsonObject(value)) {
    tally.chars += 2;
    for (const name in value) {
      count(name, 0, tally);
      count(value[name] ?? null, levels - 1, tally);
    }
  } else {
    tally.chars += 2;
    for (const part of value) count(part, levels - 1, tally);
  }
}

function repaired(value: JsonValue): JsonValue {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(repaired);
  return isPlainObject(value) ? wellFormed(value) : value;
}
