import { z } from "zod";
import type { JsonObject, JsonValue } from "../protocol/json-rpc.ts";
import { measure, wellFormed } from "./item-measure.ts";
import { LISTS, type ListKind } from "./lists.ts";
import { mendSchema } from "./mend-schema.ts";
import { isPlainObject } from "./plain-object.ts";

/** Names are labels of metrics and lines of logs; the specification recommends 128 characters at most for tools. */
export const NAME_CHARS_MAX = 200;
/** URIs of honest servers fit into a request line of common proxies. */
const URI_CHARS_MAX = 8_192;
/** Titles, media types and sizes of icons are shown in one line. */
const LABEL_CHARS_MAX = 1_000;
/** A text that is longer costs an agent more of its context than all other tools together. */
const TEXT_CHARS_MAX = 65_536;
/** One item, in characters of JSON: as many as some hundred honest ones. */
const ITEM_CHARS_MAX = 262_144;
/** Parsers of other languages give up at 128 levels of a whole message; a list and its envelope take four. */
const ITEM_LEVELS_MAX = 100;

/** What became of one item of a list. */
export type MendedItem =
  /** `item` is the object that came if `mended`, the names of the members that were not right, is empty. */
  | { readonly kind: "kept"; readonly item: JsonObject; readonly mended: readonly string[]; readonly chars: number }
  | { readonly kind: "left_out"; readonly reason: string };

/**
 * Makes an item such as clients of both eras read it, because one that they do not read costs them the whole list: members
 * of the wrong type are dropped or mended, and what has no usable name is left out. What is not in the specification is
 * passed on as it is.
 */
export function mendItem(list: ListKind, value: JsonValue): MendedItem {
  if (!isPlainObject(value)) return leftOut("it is no object");
  const { identity } = LISTS[list];
  const fault = faultOf(value[identity], identity);
  if (fault !== undefined) return leftOut(fault);
  const { illFormed, ...whole } = measure(value, ITEM_LEVELS_MAX);
  const source = illFormed ? wellFormed(value) : value;
  const measured = illFormed ? measure(source, ITEM_LEVELS_MAX) : whole;
  if (measured.chars > ITEM_CHARS_MAX) {
    return leftOut(`it has ${measured.chars} characters of JSON or more, and ${ITEM_CHARS_MAX} is the most`);
  }
  const mended = new Set<string>(illFormed ? ["text that is not valid Unicode"] : []);
  const right = mendMembers(source, { rules: RULES[list], deep: measured.deep, mended });
  const item = complete(list, right, mended);
  return { kind: "kept", item, mended: [...mended], chars: measured.chars };
}

function leftOut(reason: string): MendedItem {
  return { kind: "left_out", reason };
}

/** What controls a terminal or turns a line around, and halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** Why a name or URI cannot be one, as a clause. */
function faultOf(name: JsonValue | undefined, what: string): string | undefined {
  if (name === undefined || name === null) return `it has no ${what}`;
  if (typeof name !== "string") return `its ${what} is no text`;
  if (name === "") return `its ${what} is empty`;
  const charsMax = what === "name" ? NAME_CHARS_MAX : URI_CHARS_MAX;
  if (name.length > charsMax) return `its ${what} has ${name.length} characters, and ${charsMax} is the most`;
  return UNPRINTABLE.test(name) ? `its ${what} has control characters` : undefined;
}

/** The value to keep of a member: the same when it is right, another when it was mended, `undefined` to drop it. */
type Rule = (value: JsonValue) => JsonValue | undefined;
type Rules = ReadonlyMap<string, Rule>;

interface Mending {
  readonly rules: Rules;
  /** Members that are nested too deep. */
  readonly deep: ReadonlySet<string>;
  readonly mended: Set<string>;
}

/** The object itself when all is right. */
function mendMembers(value: JsonObject, { rules, deep, mended }: Mending): JsonObject {
  let copy: Record<string, JsonValue | undefined> | undefined;
  for (const name in value) {
    const member = value[name];
    const rule = rules.get(name);
    const isDeep = deep.has(name);
    if (member === undefined || (rule === undefined && !isDeep)) continue;
    const kept = isDeep || member === null ? undefined : rule?.(member);
    if (kept === member) continue;
    mended.add(name.slice(0, NAME_CHARS_MAX));
    copy ??= { ...value };
    if (kept === undefined) delete copy[name];
    else copy[name] = kept;
  }
  return copy ?? value;
}

/** Adds what every client demands. */
function complete(list: ListKind, item: JsonObject, mended: Set<string>): JsonObject {
  if (list === "tools" && item.inputSchema === undefined) {
    mended.add("inputSchema");
    return { ...item, inputSchema: { type: "object" } };
  }
  const identity = item[LISTS[list].identity];
  if (item.name !== undefined || typeof identity !== "string") return item;
  // Resources are told apart by their URI; the name is for display.
  mended.add("name");
  return { ...item, name: identity.slice(0, NAME_CHARS_MAX).toWellFormed() };
}

const text: Rule = (value) => {
  if (typeof value !== "string") return undefined;
  return value.length <= TEXT_CHARS_MAX ? value : `${value.slice(0, TEXT_CHARS_MAX - 1).toWellFormed()}…`;
};
const flag: Rule = (value) => (typeof value === "boolean" ? value : undefined);
const object: Rule = (value) => (isPlainObject(value) ? value : undefined);
const label: Rule = (value) => (typeof value === "string" && value.length <= LABEL_CHARS_MAX ? value : undefined);
const displayName: Rule = (value) => (faultOf(value, "name") === undefined ? value : undefined);
const size: Rule = (value) => (Number.isSafeInteger(value) && (value as number) >= 0 ? value : undefined);
const share: Rule = (value) => (typeof value === "number" && value >= 0 && value <= 1 ? value : undefined);

const dateTime = z.iso.datetime({ offset: true });
const time: Rule = (value) => (dateTime.safeParse(value).success ? value : undefined);

function among(...choices: readonly string[]): Rule {
  return (value) => (typeof value === "string" && choices.includes(value) ? value : undefined);
}

/** A list without the items for which `keep` has no value. */
function listOf(keep: Rule): Rule {
  return (value) => {
    if (!Array.isArray(value)) return undefined;
    const kept = (value as readonly JsonValue[]).flatMap((item) => keep(item) ?? []);
    return kept.length === value.length && kept.every((item, at) => item === value[at]) ? value : kept;
  };
}

/** An object with members of its own; without those of `required` it is none. */
function objectOf(rules: Rules, ...required: readonly string[]): Rule {
  return (value) => {
    if (!isPlainObject(value)) return undefined;
    const mended = new Set<string>();
    const kept = mendMembers(value, { rules, deep: NOTHING, mended });
    if (required.some((name) => kept[name] === undefined)) return undefined;
    return mended.size === 0 ? value : kept;
  };
}

const NOTHING: ReadonlySet<string> = new Set();
const ROLES = among("user", "assistant");

const icons = listOf(
  objectOf(
    new Map<string, Rule>([
      ["src", (value) => (typeof value === "string" ? value : undefined)],
      ["mimeType", label],
      ["sizes", (value) => (Array.isArray(value) ? listOf(label)(value) : undefined)],
      ["theme", among("light", "dark")],
    ]),
    "src",
  ),
);

const toolAnnotations = objectOf(
  new Map<string, Rule>([
    ["title", label],
    ["readOnlyHint", flag],
    ["destructiveHint", flag],
    ["idempotentHint", flag],
    ["openWorldHint", flag],
  ]),
);

const annotations = objectOf(
  new Map<string, Rule>([
    ["audience", listOf(ROLES)],
    ["priority", share],
    ["lastModified", time],
  ]),
);

const promptArguments = listOf(
  objectOf(
    new Map<string, Rule>([
      ["name", displayName],
      ["title", label],
      ["description", text],
      ["required", flag],
    ]),
    "name",
  ),
);

/** The schema of arguments is always one of an object; what says anything else says nothing about them. */
const inputSchema: Rule = (value) => {
  const schema = isPlainObject(value) ? withObjectProperties(mendSchema(value, "read")) : { type: "object" };
  if (schema.type === "object") return schema;
  const mayBeObject = schema.type === undefined || (Array.isArray(schema.type) && schema.type.includes("object"));
  return mayBeObject ? { ...schema, type: "object" } : { type: "object" };
};

const outputSchema: Rule = (value) =>
  isPlainObject(value) ? withObjectProperties(mendSchema(value, "compiled")) : undefined;

/** Legacy clients take no `true` and `false` for the schema of a property at the top. */
function withObjectProperties(schema: JsonObject): JsonObject {
  const { properties } = schema;
  if (!isPlainObject(properties)) return schema;
  const entries = Object.entries(properties);
  if (entries.every(([, property]) => typeof property !== "boolean")) return schema;
  const objects = entries.map(([name, property]) => [
    name,
    property === true ? {} : property === false ? { not: {} } : property,
  ]);
  return { ...schema, properties: Object.fromEntries(objects) };
}

const COMMON: readonly (readonly [string, Rule])[] = [
  ["title", label],
  ["description", text],
  ["icons", icons],
  ["_meta", object],
];

const RULES: Readonly<Record<ListKind, Rules>> = {
  tools: new Map([
    ...COMMON,
    ["inputSchema", inputSchema],
    ["outputSchema", outputSchema],
    ["annotations", toolAnnotations],
    ["execution", objectOf(new Map([["taskSupport", among("required", "optional", "forbidden")]]))],
  ]),
  prompts: new Map([...COMMON, ["arguments", promptArguments]]),
  resources: new Map([
    ...COMMON,
    ["name", displayName],
    ["mimeType", label],
    ["size", size],
    ["annotations", annotations],
  ]),
  resourceTemplates: new Map([...COMMON, ["name", displayName], ["mimeType", label], ["annotations", annotations]]),
};
