import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json-rpc.ts";
import { ResultPayload } from "../../protocol/result-payload.ts";
import { encodeHeaderValue } from "./header-values.ts";
import { ANNOTATION, type ParamAnnotation, readParamAnnotations } from "./param-annotations.ts";

/**
 * Arguments that a tool's schema marks with `x-mcp-header` are repeated as `Mcp-Param-*` headers (revision 2026-07-28);
 * servers refuse calls without them. Learned from the tool lists that pass through.
 */
export class ParamHeaders {
  readonly #tools = new Map<string, readonly ParamAnnotation[]>();
  readonly #reported = new Set<string>();
  readonly #report: (line: string) => void;

  /** `report` gets a line for each tool that is left out. */
  constructor(report: (line: string) => void) {
    this.#report = report;
  }

  /** Looks through one page of `tools/list` and gives it back without tools whose marks are invalid. */
  learn(page: ResultPayload): ResultPayload {
    // Most lists are without, and then their bytes need no parsing.
    if (page.bytes !== undefined && !page.bytes.includes(ANNOTATION)) return page;
    const { tools } = page.value;
    if (!Array.isArray(tools)) return page;
    const kept = (tools as readonly JsonValue[]).filter((tool) => this.#admit(tool));
    return kept.length === tools.length ? page : ResultPayload.ofValue({ ...page.value, tools: kept });
  }

  /** Appends the headers of one call. */
  add(headers: string[], params: JsonObject): void {
    if (this.#tools.size === 0 || typeof params.name !== "string") return;
    for (const { header, path } of this.#tools.get(params.name) ?? []) {
      const value = headerText(argumentAt(params.arguments, path));
      if (value !== undefined) headers.push(`Mcp-Param-${header}`, encodeHeaderValue(value));
    }
  }

  #admit(tool: JsonValue): boolean {
    if (!isJsonObject(tool) || typeof tool.name !== "string") return true;
    const found = readParamAnnotations(tool.inputSchema);
    if (typeof found === "string") {
      const line = `tool ${tool.name} is left out, because its inputSchema is invalid: ${found}`;
      if (!this.#reported.has(tool.name)) this.#report(line);
      this.#reported.add(tool.name);
      return false;
    }
    if (found.length > 0) this.#tools.set(tool.name, found);
    else this.#tools.delete(tool.name);
    return true;
  }
}

/** The argument at a path; `undefined` when there is none. */
export function argumentAt(root: JsonValue | undefined, path: readonly string[]): JsonValue | undefined {
  let value = root;
  for (const key of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** An argument as a header says it; `undefined` when no header can. */
export function headerText(value: JsonValue | undefined): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  return undefined;
}
