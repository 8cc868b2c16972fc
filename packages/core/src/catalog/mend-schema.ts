import { isJsonObject, type JsonObject, type JsonValue } from "../protocol/json-rpc.ts";
import { isPlainObject } from "./plain-object.ts";
import { isTargetOfReference } from "./schema-reference.ts";

/**
 * What a client does with a schema. All clients read the schema of arguments; the official SDK of the legacy era also
 * compiles every schema of results when it lists tools, and loses the whole list over one that does not compile.
 */
export type SchemaUse = "read" | "compiled";

/**
 * Gives a JSON Schema without what no reader can make sense of: members of the wrong type, such as `null`, are dropped,
 * and schemas that are none become `{}`, which allows anything. Mending only ever allows more. The schema itself is given
 * back when there is nothing to mend. It must not be nested deeper than the stack allows.
 */
export function mendSchema(schema: JsonObject, use: SchemaUse): JsonObject {
  return visit(schema, { root: schema, compiled: use === "compiled" });
}

interface Context {
  readonly root: JsonObject;
  readonly compiled: boolean;
}

/** The value to keep of a keyword: the same when it is right, another when it was mended, `undefined` to drop it. */
type Rule = (value: JsonValue, context: Context) => JsonValue | undefined;

function visit(schema: JsonObject, context: Context): JsonObject {
  let mended: Record<string, JsonValue | undefined> | undefined;
  for (const keyword in schema) {
    const value = schema[keyword];
    const rule = (context.compiled ? COMPILED.get(keyword) : undefined) ?? KEYWORDS.get(keyword);
    if (rule === undefined || value === undefined) continue;
    const kept = rule(value, context);
    if (kept === value) continue;
    mended ??= { ...schema };
    if (kept === undefined) delete mended[keyword];
    else mended[keyword] = kept;
  }
  const whole = mended ?? schema;
  if (!context.compiled || whole.nullable === undefined || whole.type !== undefined) return whole;
  // The compiler refuses the keyword where no type stands beside it.
  const { nullable: _alone, ...rest } = whole;
  return rest;
}

const text: Rule = (value) => (typeof value === "string" ? value : undefined);
const flag: Rule = (value) => (typeof value === "boolean" ? value : undefined);
const list: Rule = (value) => (Array.isArray(value) ? value : undefined);
const number: Rule = (value) => (isNumber(value) ? value : undefined);
const positive: Rule = (value) => (isNumber(value) && !(typeof value === "number" && value <= 0) ? value : undefined);
const choice: Rule = (value) => (Array.isArray(value) && value.length > 0 ? value : undefined);
const drop: Rule = () => undefined;

const strings: Rule = (value) => {
  if (!Array.isArray(value)) return undefined;
  const kept = new Set((value as readonly JsonValue[]).filter((item) => typeof item === "string"));
  return kept.size === value.length ? value : [...kept];
};

const type: Rule = (value) => {
  const types: readonly JsonValue[] = Array.isArray(value) ? value : [value];
  return types.length > 0 && types.every((item) => typeof item === "string" && TYPES.has(item)) ? value : undefined;
};

const schema: Rule = (value, context) => {
  if (typeof value === "boolean") return value;
  return isPlainObject(value) ? visit(value, context) : undefined;
};

const schemas: Rule = (value, context) => {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const kept = (value as readonly JsonValue[]).map((item) => schema(item, context) ?? {});
  return kept.every((item, at) => item === value[at]) ? value : kept;
};

const oneOrMore: Rule = (value, context) => (Array.isArray(value) ? schemas(value, context) : schema(value, context));

const map: Rule = (value, context) => mapOf(value, (item) => schema(item, context) ?? {});

/** A list of names that must be there too, or a schema. */
const dependencies: Rule = (value, context) =>
  mapOf(value, (item) => (Array.isArray(item) ? strings(item, context) : schema(item, context)) ?? {});

const namedLists: Rule = (value, context) => mapOf(value, (item) => strings(item, context) ?? []);

const pattern: Rule = (value) => (typeof value === "string" && isPattern(value) ? value : undefined);

const patternMap: Rule = (value, context) => {
  if (!isPlainObject(value)) return undefined;
  const names = Object.keys(value);
  const usable = names.filter(isPattern);
  const kept = usable.length === names.length ? value : Object.fromEntries(usable.map((name) => [name, value[name]]));
  return map(kept, context);
};

const reference: Rule = (value, { root }) =>
  typeof value === "string" && isTargetOfReference(value, root) ? value : undefined;

const TYPES: ReadonlySet<string> = new Set(["string", "number", "integer", "boolean", "object", "array", "null"]);

/** Keywords of JSON Schema from draft 4 to 2020-12 whose values have one form. Any other keyword is left alone. */
const KEYWORDS: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...["$schema", "$id", "$ref", "$anchor", "$comment", "title", "description", "format", "pattern"].map(rule(text)),
  ...["contentEncoding", "contentMediaType"].map(rule(text)),
  ...["uniqueItems", "deprecated", "readOnly", "writeOnly"].map(rule(flag)),
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength"].map(rule(number)),
  ...["minItems", "maxItems", "minContains", "maxContains", "minProperties", "maxProperties"].map(rule(number)),
  ...["not", "if", "then", "else", "contains", "propertyNames", "additionalItems", "additionalProperties"].map(
    rule(schema),
  ),
  ...["unevaluatedItems", "unevaluatedProperties", "contentSchema"].map(rule(schema)),
  ...["allOf", "anyOf", "oneOf", "prefixItems"].map(rule(schemas)),
  ...["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"].map(rule(map)),
  ["type", type],
  ["enum", choice],
  ["examples", list],
  ["multipleOf", positive],
  ["required", strings],
  ["items", oneOrMore],
  ["dependencies", dependencies],
  ["dependentRequired", namedLists],
]);

/**
 * What a compiler cannot take beyond that. Identifiers are dropped, because compilers keep one table of them for the
 * schemas of all servers; `$async` would make the verdict about a result a promise that nobody waits for.
 */
const COMPILED: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...["$id", "id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef"].map(rule(drop)),
  ...["$async", "discriminator"].map(rule(drop)),
  ["nullable", (value) => (value === true ? value : undefined)],
  ["pattern", pattern],
  ["patternProperties", patternMap],
  ["$ref", reference],
]);

function rule(applied: Rule): (keyword: string) => [string, Rule] {
  return (keyword) => [keyword, applied];
}

function mapOf(value: JsonValue, keep: (item: JsonValue) => JsonValue): JsonValue | undefined {
  if (!isPlainObject(value)) return undefined;
  let mended: Record<string, JsonValue | undefined> | undefined;
  for (const name in value) {
    const item = value[name] ?? null;
    const kept = keep(item);
    if (kept === item) continue;
    mended ??= { ...value };
    mended[name] = kept;
  }
  return mended ?? value;
}

/** Numbers that no double holds are objects of their own kind. */
function isNumber(value: JsonValue): boolean {
  return typeof value === "number" ? Number.isFinite(value) : isJsonObject(value) && !isPlainObject(value);
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text, "u");
    return true;
  } catch {
    return false;
  }
}
