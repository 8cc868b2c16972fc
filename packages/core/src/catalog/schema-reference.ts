import { isJsonObject, type JsonObject, type JsonValue } from "../protocol/json-rpc.ts";
import { isPlainObject } from "./plain-object.ts";

/** References that lead to references are followed this far: further, or in a circle, compilers do not come either. */
const HOPS_MAX = 32;

/** Keywords under which there is one schema, and those under which there are several; mending takes none of them away. */
const ONE: ReadonlySet<string> = new Set([
  "not",
  "if",
  "then",
  "else",
  "contains",
  "propertyNames",
  "additionalItems",
  "additionalProperties",
  "items",
]);
const SEVERAL: ReadonlySet<string> = new Set([
  "properties",
  "$defs",
  "definitions",
  "dependencies",
  "allOf",
  "anyOf",
  "oneOf",
  "items",
]);

/**
 * Whether a `$ref` leads to a schema of the same document, by a JSON pointer through schemas alone. What lies outside of
 * the document cannot be fetched, and what is no schema cannot be compiled.
 */
export function isTargetOfReference(reference: string, root: JsonObject): boolean {
  let next: string | undefined = reference;
  for (let hops = 0; hops < HOPS_MAX; hops++) {
    const target: JsonValue | undefined = targetOf(next, root);
    if (typeof target === "boolean") return true;
    if (!isPlainObject(target)) return false;
    if (target.$ref === undefined || typeof target.$ref !== "string") return true;
    next = target.$ref;
  }
  return false;
}

function targetOf(reference: string, root: JsonObject): JsonValue | undefined {
  const segments = segmentsOf(reference);
  let at: JsonValue | undefined = segments === undefined ? undefined : root;
  for (let index = 0; segments !== undefined && index < segments.length; index++) {
    const keyword = segments[index] ?? "";
    if (!isPlainObject(at) || !Object.hasOwn(at, keyword)) return undefined;
    const value: JsonValue | undefined = at[keyword];
    if (SEVERAL.has(keyword) && !(keyword === "items" && isJsonObject(value))) {
      index++;
      at = memberOf(value, segments[index]);
    } else if (ONE.has(keyword)) at = value;
    else return undefined;
  }
  return at;
}

function memberOf(value: JsonValue | undefined, name: string | undefined): JsonValue | undefined {
  if (name === undefined) return undefined;
  if (Array.isArray(value)) return /^\d{1,4}$/.test(name) ? (value as readonly JsonValue[])[Number(name)] : undefined;
  return isPlainObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** The parts of `#/a/b`, decoded; `undefined` when the reference is anything else. */
function segmentsOf(reference: string): readonly string[] | undefined {
  if (reference === "#") return [];
  if (!reference.startsWith("#/")) return undefined;
  try {
    return reference
      .slice(2)
      .split("/")
      .map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"));
  } catch {
    return undefined;
  }
}
