import { isJsonObject, type JsonValue } from "./json-rpc.ts";

/** Nested deeper than this, documents overflow the stack of serialisers further on. No honest peer comes near. */
export const NESTING_MAX = 1_000;

/** Whether a parsed document of `bytes` bytes nests deeper than {@link NESTING_MAX}; free of cost for short ones. */
export function isNestedTooDeep(value: JsonValue, bytes: number): boolean {
  // Each level takes two bytes at least.
  return bytes > 2 * NESTING_MAX && isDeeperThan(value, NESTING_MAX);
}

function isDeeperThan(value: JsonValue | undefined, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  if (isJsonObject(value)) {
    // JSON.parse gives own keys only, so that for-in sees nothing inherited.
    for (const key in value) if (isDeeperThan(value[key], levels - 1)) return true;
    return false;
  }
  for (const item of value) if (isDeeperThan(item, levels - 1)) return true;
  return false;
}
