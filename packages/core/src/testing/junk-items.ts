import type { ListKind } from "../catalog/lists.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../protocol/json-rpc.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** An item of a list as a careful server writes it, with everything that the specification has for one. */
export function goodItem(list: ListKind, name: string): JsonObject {
  const common = {
    name,
    title: "A title",
    description: "What it is for.",
    icons: [{ src: "https://example.com/icon.png", mimeType: "image/png", sizes: ["48x48"], theme: "dark" }],
    _meta: { "example.com/any": { thing: [1, null, "x"] } },
    "x-unknown": { kept: [true, null] },
  };
  const annotations = { audience: ["user", "assistant"], priority: 0.5, lastModified: "2026-11-30T05:00:00+01:00" };
  switch (list) {
    case "tools":
      return {
        ...common,
        inputSchema: SCHEMA,
        outputSchema: SCHEMA,
        annotations: { title: "Shown", readOnlyHint: true, destructiveHint: false, idempotentHint: true, other: 1 },
        execution: { taskSupport: "optional" },
      };
    case "prompts":
      return { ...common, arguments: [{ name: "who", title: "Who", description: "To greet.", required: true }] };
    case "resources":
      return { ...common, uri: `test://${name}`, mimeType: "text/plain", size: 12, annotations };
    case "resourceTemplates":
      return { ...common, uriTemplate: `test://${name}/{id}`, mimeType: "text/plain", annotations };
  }
}

/** The same item after a careless server has written it: one thing or several are not as they should be. */
export function junkItem(list: ListKind, name: string, random: SeededRandom): JsonValue {
  if (random.chance(0.03)) return random.pick(JUNK);
  let item: JsonValue = goodItem(list, name);
  for (let changes = random.integer(1, 4); changes > 0; changes--) item = changed(item, random);
  return item;
}

/** A schema with every keyword that readers look at, valid in the drafts from 7 to 2020-12. */
const SCHEMA: JsonObject = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  title: "Everything",
  required: ["text", "tree"],
  properties: {
    text: { type: "string", minLength: 1, maxLength: 80, pattern: "^[a-z]+$", format: "email" },
    count: { type: ["integer", "null"], minimum: 0, maximum: 9, multipleOf: 3, default: null },
    mode: { enum: ["a", 1, null], deprecated: true },
    tree: { $ref: "#/$defs/node" },
    list: { type: "array", items: { anyOf: [{ type: "string" }, { type: "number" }] }, minItems: 1, uniqueItems: true },
    rest: { type: "object", patternProperties: { "^x-": { type: "string" } }, additionalProperties: false },
    either: { oneOf: [{ const: 1 }, { not: { const: 2 } }], examples: [1] },
  },
  $defs: {
    node: { type: "object", properties: { children: { type: "array", items: { $ref: "#/$defs/node" } } } },
  },
  if: { properties: { count: { const: 3 } } },
  else: { required: ["mode"] },
  additionalProperties: { type: ["string", "object", "array", "number", "null"] },
};

/** Values that stand where others belong. */
const JUNK: readonly [JsonValue, ...JsonValue[]] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e300,
  "",
  "text",
  "\u0000\u001b[31m",
  "half \ud800 of a character",
  "[",
  "#/nowhere",
  "2026-02-30T00:00:00Z",
  "x".repeat(3_000),
  [],
  [null],
  ["a", 1, null],
  [{}],
  {},
  { type: 5 },
  { type: "object", properties: null, required: null },
  { type: "object", properties: { a: null, b: true, c: [] }, required: ["a", 5] },
  { type: "object", $async: true },
  { $id: "https://example.com/same", type: "object" },
  { id: "old", type: "object" },
  { $ref: "#" },
  { $ref: "#/$defs/b", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } },
  { $ref: "https://example.com/other#/a" },
  { pattern: "(?<n" },
  { nullable: true },
  { enum: [] },
  { exclusiveMinimum: true, minimum: 1 },
  { anyOf: [], oneOf: [null], allOf: [5] },
  { patternProperties: { "[": {} } },
  { $anchor: "1 2", $dynamicRef: "#x", discriminator: { propertyName: "x" } },
  nested(30),
  nested(200),
];

/** Members that belong to a schema, or nowhere, and do harm where they are misunderstood. */
const NAMES: readonly [string, ...string[]] = [
  "type",
  "$ref",
  "$id",
  "id",
  "$async",
  "nullable",
  "pattern",
  "required",
  "properties",
  "items",
  "dependencies",
  "format",
  "$schema",
  "__proto__",
  "constructor",
  "toJSON",
  "half \udc00",
];

function changed(value: JsonValue, random: SeededRandom): JsonValue {
  if (Array.isArray(value) && value.length > 0 && random.chance(0.8)) {
    const at = random.integer(0, value.length - 1);
    return (value as readonly JsonValue[]).map((item, index) => (index === at ? changed(item, random) : item));
  }
  if (!isJsonObject(value) || random.chance(0.25)) return random.pick(JUNK);
  const names = Object.keys(value);
  const name = random.chance(0.2) ? random.pick(NAMES) : (names[random.integer(0, names.length - 1)] ?? "type");
  const kept = Object.entries(value).filter(([other]) => other !== name);
  if (random.chance(0.15)) return Object.fromEntries(kept);
  return Object.fromEntries([...kept, [name, changed(value[name] ?? null, random)]]);
}

function nested(levels: number): JsonValue {
  let value: JsonValue = { type: "object" };
  for (let level = 0; level < levels; level++) value = { type: "object", properties: { deeper: value } };
  return value;
}
