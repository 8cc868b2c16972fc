import type { JsonObject, JsonValue } from "../../protocol/json-rpc.ts";
import { decodeHeaderValue } from "./header-values.ts";
import { type ParamAnnotation, readParamAnnotations } from "./param-annotations.ts";
import { argumentAt, headerText } from "./param-headers.ts";

/** A header of a call that does not agree with its body. */
export interface ParamHeaderMismatch {
  readonly header: string;
  /** As it came; `undefined` when it is missing. */
  readonly found: string | undefined;
  /** What the body has at that place, as a header would say it; `undefined` when it has nothing. */
  readonly body: string | undefined;
}

/** Marks of tools that were looked through: a definition is the same object until its server is listed anew. */
const known = new WeakMap<JsonObject, readonly ParamAnnotation[]>();
const DECIMAL = /^-?\d+(?:\.\d+)?$/;

/**
 * The first `Mcp-Param-*` header of a call that does not agree with its arguments (revision 2026-07-28, SEP-2243), or
 * `undefined`. A header without an argument is one, too: what routes by headers would be misled. `header` looks headers
 * up by their names in lower case.
 */
export function paramHeaderMismatch(
  tool: JsonObject,
  args: JsonValue | undefined,
  header: (name: string) => string | undefined,
): ParamHeaderMismatch | undefined {
  for (const { header: end, path } of annotationsOf(tool)) {
    const name = `Mcp-Param-${end}`;
    const found = header(name.toLowerCase());
    const value = argumentAt(args, path);
    const body = headerText(value);
    // A value that no header can carry is not looked for.
    if (body === undefined && value !== undefined && value !== null) continue;
    if (!agrees(found === undefined ? undefined : decodeHeaderValue(found), found, body)) {
      return { header: name, found, body };
    }
  }
  return undefined;
}

function annotationsOf(tool: JsonObject): readonly ParamAnnotation[] {
  const read = known.get(tool);
  if (read !== undefined) return read;
  const found = readParamAnnotations(tool.inputSchema);
  // Clients leave a tool with invalid marks out, so that nobody sends headers for it.
  const annotations = typeof found === "string" ? [] : found;
  known.set(tool, annotations);
  return annotations;
}

function agrees(decoded: string | undefined, found: string | undefined, body: string | undefined): boolean {
  if (body === undefined) return found === undefined;
  if (decoded === undefined) return false;
  if (decoded === body) return true;
  return DECIMAL.test(decoded) && DECIMAL.test(body) && Number(decoded) === Number(body);
}
