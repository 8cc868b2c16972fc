import { isJsonObject, readJson } from "@mcp-hangar/core";
import { z } from "zod";
import type { RouteRequest } from "../http/route.ts";
import { invalidInput, type OperationFailure } from "./operation.ts";

/** Turns the text of a query or path parameter into what the schema means; text that means nothing else stays text. */
type Coercion = (texts: readonly string[]) => unknown;

/** Reads the input of one operation out of requests. */
export type InputReader = (request: RouteRequest) => { readonly input: Record<string, unknown> } | OperationFailure;

/** The part of JSON Schema that decides what a text means. */
interface FieldSchema {
  readonly type?: string;
  readonly items?: FieldSchema;
}

/** Makes the reader for a schema: path, query and JSON body together are the input, and no field may come twice. */
export function inputReader(schema: z.ZodObject): InputReader {
  // Made with the first request: the schemas of all operations would be a good part of the start.
  let coercions: ReadonlyMap<string, Coercion> | undefined;
  return ({ params, query, body }) => {
    coercions ??= coercionsOf(schema);
    const parsed = parseBody(body);
    if (parsed.kind === "failure") return parsed;
    const fields = new Map<string, unknown>();
    const twice: string[] = [];
    const add = (name: string, value: unknown): void => {
      if (fields.has(name)) twice.push(name);
      else fields.set(name, value);
    };
    for (const [name, text] of Object.entries(params)) add(name, coerce(coercions, name, [text]));
    for (const name of new Set(query.keys())) add(name, coerce(coercions, name, query.getAll(name)));
    for (const [name, value] of Object.entries(parsed.value)) add(name, value);
    if (twice.length === 0) return { input: Object.fromEntries(fields) };
    const message = "it is given more than once: in the path, the query or the body";
    return invalidInput(twice.map((field) => ({ field: field.slice(0, 100), message })));
  };
}

function coercionsOf(schema: z.ZodObject): ReadonlyMap<string, Coercion> {
  const { properties = {} } = z.toJSONSchema(schema, { io: "input" });
  // What stands under `properties` is schemas; `true` and `false`, which are schemas too, are made by nothing here.
  const fields = Object.entries(properties as Readonly<Record<string, FieldSchema>>);
  return new Map(fields.map(([name, field]) => [name, coercion(field)]));
}

function coerce(coercions: ReadonlyMap<string, Coercion>, name: string, texts: readonly string[]): unknown {
  // A field that does not exist is refused by the schema, whatever its value.
  return (coercions.get(name) ?? asText)(texts);
}

function coercion({ type, items }: FieldSchema): Coercion {
  switch (type) {
    case "integer":
    case "number":
      return (texts) => only(texts, (text) => (/^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text));
    case "boolean":
      return (texts) => only(texts, (text) => (text === "true" ? true : text === "false" ? false : text));
    case "array": {
      const one = items === undefined ? asText : coercion(items);
      return (texts) => texts.map((text) => one([text]));
    }
    default:
      return asText;
  }
}

function asText(texts: readonly string[]): unknown {
  return only(texts, (text) => text);
}

/** Several values of a field that takes one are handed on as they are, for the schema to refuse. */
function only(texts: readonly string[], mean: (text: string) => unknown): unknown {
  const [text, ...others] = texts;
  return text === undefined || others.length > 0 ? texts : mean(text);
}

function parseBody(body: Buffer): { readonly kind: "body"; readonly value: object } | OperationFailure {
  if (body.length === 0) return { kind: "body", value: {} };
  const json = readJson(body);
  if (json.kind === "invalid") {
    const problem = json.problem === "syntax" ? "the body is no JSON" : "the body is too much";
    return invalidInput([{ field: "", message: `${problem}: ${json.reason}` }]);
  }
  if (isJsonObject(json.value)) return { kind: "body", value: json.value };
  return invalidInput([{ field: "", message: "the body must be a JSON object" }]);
}
