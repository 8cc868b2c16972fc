import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json-rpc.ts";
import type { ResultPayload } from "../../protocol/result-payload.ts";
import { encodeHeaderValue } from "./header-values.ts";

const ANNOTATION = "x-mcp-header";
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TYPES: readonly JsonValue[] = ["string", "integer", "boolean"];
/** Bounds that no honest schema reaches: they keep a hostile one from filling the headers. */
const DEPTH_MAX = 16;
const HEADERS_MAX = 32;

interface Declaration {
  readonly header: string;
  readonly path: readonly string[];
}

/**
 * Arguments that a tool's schema marks with `x-mcp-header` are repeated as `Mcp-Param-*` headers (revision 2026-07-28,
 * Streamable HTTP); servers refuse calls without them. Learned from the tool lists that pass through.
 */
export class ParamHeaders {
  readonly #tools = new Map<string, readonly Declaration[]>();

  /** Looks through one page of `tools/list`. */
  learn(result: ResultPayload): void {
    // Most lists are without, and then their bytes need no parsing.
    if (result.bytes !== undefined && !result.bytes.includes(ANNOTATION)) return;
    const { tools } = result.value;
    if (!Array.isArray(tools)) return;
    for (const tool of tools as readonly JsonValue[]) {
      if (!isJsonObject(tool) || typeof tool.name !== "string") continue;
      const found: Declaration[] = [];
      collect(tool.inputSchema, [], found);
      if (found.length > 0) this.#tools.set(tool.name, found);
      else this.#tools.delete(tool.name);
    }
  }

  /** Appends the headers of one call. */
  add(headers: string[], params: JsonObject): void {
    if (this.#tools.size === 0 || typeof params.name !== "string") return;
    for (const { header, path } of this.#tools.get(params.name) ?? []) {
      const value = textOf(valueAt(params.arguments, path));
      if (value !== undefined) headers.push(`Mcp-Param-${header}`, encodeHeaderValue(value));
    }
  }
}

/** Only properties reachable through `properties` may be marked. */
function collect(schema: JsonValue | undefined, path: readonly string[], found: Declaration[]): void {
  if (!isJsonObject(schema) || path.length > DEPTH_MAX) return;
  const header = schema[ANNOTATION];
  if (typeof header === "string" && TOKEN.test(header) && TYPES.includes(schema.type ?? null)) {
    if (found.length < HEADERS_MAX) found.push({ header, path });
  }
  if (!isJsonObject(schema.properties)) return;
  for (const [name, property] of Object.entries(schema.properties)) collect(property, [...path, name], found);
}

function valueAt(root: JsonValue | undefined, path: readonly string[]): JsonValue | undefined {
  let value = root;
  for (const key of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

function textOf(value: JsonValue | undefined): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  return undefined;
}
