import { isSecretKey, knownSecrets, looksPublic } from "@mcp-hangar/telemetry";
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type Scalar } from "yaml";
import { type ExpansionSources, expandVariables, isFileReference } from "./expand.ts";
import type { ConfigPath, ConfigProblem } from "./problem.ts";

/** A configuration before validation: plain data, and where each value comes from. */
export interface ConfigDocument {
  readonly root: unknown;
  readonly problems: readonly ConfigProblem[];
  /** The line of the value at `path`, or of the nearest value above it. */
  lineOf(path: ConfigPath): number | undefined;
  /** The variables that went into the value at `path`. */
  variablesOf(path: ConfigPath): readonly string[];
  /** The text at `path` as it is written, when variables went into it. */
  templateOf(path: ConfigPath): string | undefined;
}

/** Values a file may have, aliases counted as often as they are used: stops "billion laughs" early. */
const NODES_MAX = 100_000;
/** Nesting a file may have: the deepest key of the schema is at 6. */
const DEPTH_MAX = 32;
/** Characters of a key: places are kept by the keys that lead there, once for each value. */
const KEY_CHARS_MAX = 256;
/** Syntax errors worth showing: one missing bracket makes hundreds. */
const SYNTAX_PROBLEMS_MAX = 10;

interface Origin {
  readonly line: number | undefined;
  readonly variables: readonly string[];
  readonly template?: string;
}

/**
 * Reads YAML 1.2 (of which JSON is a part) and expands `${…}` in every string value, if there are `sources` to expand it
 * from. Never throws for bad input.
 */
export function parseConfigDocument(text: string, sources: ExpansionSources | undefined): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: "error",
    merge: false,
    // Looked for below: the library compares every key with all others of its map.
    uniqueKeys: false,
  });
  const reader = new DocumentReader(sources, lines);
  for (const error of [...document.errors, ...document.warnings].slice(0, SYNTAX_PROBLEMS_MAX)) {
    // The library advises programmers here, and not whoever wrote the file.
    const [message] =
      error.code === "MULTIPLE_DOCS"
        ? ["several documents in one file; keep one, and take out the line ---"]
        : error.message.split("\n");
    reader.problems.push({ path: [], line: lines.linePos(error.pos[0]).line, message: `not valid YAML: ${message}` });
  }
  const root = reader.problems.length > 0 ? undefined : reader.read(document.contents, []);
  return {
    root: root ?? {},
    problems: reader.problems,
    lineOf: (path) => reader.nearest(path)?.line,
    variablesOf: (path) => reader.origins.get(key(path))?.variables ?? [],
    templateOf: (path) => reader.origins.get(key(path))?.template,
  };
}

class DocumentReader {
  readonly problems: ConfigProblem[] = [];
  readonly origins = new Map<string, Origin>();
  readonly #sources: ExpansionSources | undefined;
  readonly #lines: LineCounter;
  readonly #anchors = new Map<string, Node>();
  #nodes = 0;

  constructor(sources: ExpansionSources | undefined, lines: LineCounter) {
    this.#sources = sources;
    this.#lines = lines;
  }

  nearest(path: ConfigPath): Origin | undefined {
    for (let length = path.length; length >= 0; length--) {
      const origin = this.origins.get(key(path.slice(0, length)));
      if (origin !== undefined) return origin;
    }
    return undefined;
  }

  read(node: Node | null | undefined, path: ConfigPath): unknown {
    this.#nodes += 1;
    const line = this.#lineOf(node) ?? this.nearest(path)?.line;
    if (this.#nodes === NODES_MAX) this.#problem(path, line, `more than ${NODES_MAX} values: split the configuration`);
    if (path.length > DEPTH_MAX) {
      this.#problem(path.slice(0, 3), line, `nested deeper than ${DEPTH_MAX} levels`);
      this.#nodes = NODES_MAX;
    }
    if (this.#nodes >= NODES_MAX || node === null || node === undefined) return null;
    if (!this.origins.has(key(path))) this.origins.set(key(path), { line, variables: [] });
    if (isAlias(node)) return this.read(this.#anchors.get(node.source), path);
    // An alias means the last anchor of that name in front of it. The library would look through the whole document for each.
    if ("anchor" in node && typeof node.anchor === "string") this.#anchors.set(node.anchor, node);
    if (isSeq(node)) return node.items.map((item, index) => this.read(item as Node, [...path, index]));
    if (isMap(node)) return this.#readMap(node.items as readonly MapItem[], path);
    return isScalar(node) ? this.#readScalar(node, path, line) : null;
  }

  #readMap(items: readonly MapItem[], path: ConfigPath): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (const item of items) {
      const line = this.#lineOf(item.key);
      if (!isScalar(item.key)) {
        this.#problem(path, line, "a key must be plain text");
        continue;
      }
      const name = typeof item.key.value === "string" ? item.key.value : (item.key.source ?? String(item.key.value));
      if (name.length > KEY_CHARS_MAX) {
        this.#problem(path, line, `a key of more than ${KEY_CHARS_MAX} characters; remove it`);
        continue;
      }
      const below = [...path, name];
      if (name === "__proto__") {
        // No key of ours, and the one name that does not survive copying; zod skips it silently.
        this.#problem(below, line, "unknown key; remove it");
        continue;
      }
      this.origins.set(key(below), { line, variables: [] });
      if (Object.hasOwn(map, name)) this.#problem(below, line, "the key stands here twice");
      map[name] = this.read(item.value, below);
    }
    return map;
  }

  #readScalar(node: Scalar, path: ConfigPath, line: number | undefined): unknown {
    const sources = this.#sources;
    if (typeof node.value !== "string" || sources === undefined || !node.value.includes("${")) return node.value;
    const { text, variables, missing, fileProblems, malformed } = expandVariables(node.value, sources);
    for (const name of variables) if (!isFileReference(name)) rememberVariable(name, sources.env[name]);
    for (const name of missing) {
      const remedy = `set it, or write \${${name}:-default}`;
      this.#problem(path, line, `the environment variable ${name} is not set: ${remedy}`);
    }
    for (const message of fileProblems) this.problems.push({ path, line, message, elsewhere: true });
    if (malformed !== undefined) {
      const allowed = `\${NAME}, \${NAME:-default}, \${file:path} or \${file:path:-default}`;
      this.#problem(path, line, `${JSON.stringify(malformed)} is not ${allowed}; a literal \${ is written $\${`);
    }
    this.origins.set(key(path), { line, variables, ...(variables.length > 0 && { template: node.value }) });
    return text;
  }

  #lineOf(node: Node | null | undefined): number | undefined {
    const start = node?.range?.[0];
    return start === undefined ? undefined : this.#lines.linePos(start).line;
  }

  #problem(path: ConfigPath, line: number | undefined, message: string): void {
    this.problems.push({ path, line, message });
  }
}

interface MapItem {
  readonly key: Node;
  readonly value: Node | null;
}

function key(path: ConfigPath): string {
  return JSON.stringify(path);
}

/** What comes from a variable is a secret unless its name and its shape say otherwise: nobody prints it from now on. */
function rememberVariable(name: string, value: string | undefined): void {
  if (value === undefined || (!isSecretKey(name) && looksPublic(value))) return;
  knownSecrets.replace(`variable ${name}`, [value]);
}
