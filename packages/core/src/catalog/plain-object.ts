import { isJsonObject, type JsonObject } from "../protocol/json-rpc.ts";

// Part of V8 since Node.js 21; TypeScript does not know it yet.
const { isRawJSON } = JSON as unknown as { isRawJSON(this: void, value: unknown): boolean };

/** Whether a value is an object in JSON, too: numbers that no double holds are kept as objects, and are none. */
export function isPlainObject(value: unknown): value is JsonObject {
  return isJsonObject(value) && !isRawJSON(value);
}
