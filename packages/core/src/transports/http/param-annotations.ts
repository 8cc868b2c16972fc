import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json-rpc.ts";

/** The key by which a schema marks an argument that is to be repeated as a header. */
export const ANNOTATION = "x-mcp-header";

/** One marked argument: the end of its header's name, and where in the arguments it is. */
export interface ParamAnnotation {
  readonly header: string;
  readonly path: readonly string[];
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TYPES: readonly JsonValue[] = ["string", "integer", "boolean"];
/** Bounds that no honest schema reaches: they keep a hostile one from filling the headers, or the stack. */
const DEPTH_MAX = 32;
const HEADERS_MAX = 32;

/**
 * Collects the marks of a tool's `inputSchema`. A string instead says why the tool is invalid and must not be used:
 * marks are allowed only on strings, integers and booleans that are reached through `properties` alone, and their names
 * must be header names that differ in more than case (revision 2026-07-28, Streamable HTTP, custom headers).
 */
export function readParamAnnotations(inputSchema: JsonValue | undefined): readonly ParamAnnotation[] | string {
  const scan: Scan = { found: [], names: new Set() };
  return visit(inputSchema, [], scan) ?? scan.found;
}

interface Scan {
  readonly found: ParamAnnotation[];
  readonly names: Set<string>;
}

/** `path` is undefined below a keyword other than `properties`, where no mark may be. */
function visit(
  schema: JsonValue | undefined,
  path: readonly string[] | undefined,
  scan: Scan,
  depth = 0,
): string | undefined {
  if (depth > DEPTH_MAX) return undefined;
  if (Array.isArray(schema)) {
    for (const branch of schema as readonly JsonValue[]) {
      const fault = visit(branch, undefined, scan, depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  if (!isJsonObject(schema)) return undefined;
  if (Object.hasOwn(schema, ANNOTATION)) {
    const fault = mark(schema, path, scan);
    if (fault !== undefined) return fault;
  }
  return visitParts(schema, path, scan, depth);
}

function visitParts(
  schema: JsonObject,
  path: readonly string[] | undefined,
  scan: Scan,
  depth: number,
): string | undefined {
  for (const [keyword, part] of Object.entries(schema)) {
    const fault =
      keyword === "properties" && isJsonObject(part)
        ? visitProperties(part, path, scan, depth)
        : INSTANCE_DATA.has(keyword)
          ? undefined
          : visit(part, undefined, scan, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Keywords that hold data and not schemas: what looks like a mark in there is none. */
const INSTANCE_DATA: ReadonlySet<string> = new Set(["const", "enum", "default", "example", "examples", ANNOTATION]);

function visitProperties(
  properties: JsonObject,
  path: readonly string[] | undefined,
  scan: Scan,
  depth: number,
): string | undefined {
  for (const [name, property] of Object.entries(properties)) {
    const fault = visit(property, path === undefined ? undefined : [...path, name], scan, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function mark(schema: JsonObject, path: readonly string[] | undefined, scan: Scan): string | undefined {
  const header = schema[ANNOTATION];
  if (path === undefined || path.length === 0) return `${ANNOTATION} stands where no property is`;
  const where = path.join(".");
  if (typeof header !== "string" || !TOKEN.test(header)) {
    return `${ANNOTATION} of ${where} is no header name: ${JSON.stringify(header)}`;
  }
  if (!TYPES.includes(schema.type ?? null))
    return `${ANNOTATION} of ${where} is on neither string, integer nor boolean`;
  if (scan.names.has(header.toLowerCase())) return `two properties have the ${ANNOTATION} ${header}`;
  if (scan.found.length >= HEADERS_MAX) return `more than ${HEADERS_MAX} properties have an ${ANNOTATION}`;
  scan.names.add(header.toLowerCase());
  scan.found.push({ header, path });
  return undefined;
}
