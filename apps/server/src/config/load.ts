import { readFileSync, statSync } from "node:fs";
import { nearest } from "../nearest.ts";
import { type ConfigDocument, parseConfigDocument } from "./document.ts";
import { ENVIRONMENT, type Environment, SERVE_MODES, type ServeMode } from "./environment.ts";
import { explainIssue } from "./explain.ts";
import { groupProblems } from "./group-problems.ts";
import { prefixProblems } from "./prefix-problems.ts";
import { ConfigError, type ConfigPath, type ConfigProblem } from "./problem.ts";
import { settleScalars } from "./scalars.ts";
import { type Config, configSchema } from "./schema.ts";
import { type SecretFile, SecretFiles } from "./secret-files.ts";

/** The file that is read when neither `--config` nor `MCP_CONFIG` names one. */
const DEFAULT_CONFIG_FILE = "config.yaml";

/** Largest configuration file, in bytes: hundreds of servers take some 100 KB. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** A configuration that is valid as a whole. */
export interface ParsedConfig {
  readonly config: Config;
  /** The text at `path` as it is written in the file, when variables went into it. */
  readonly templateOf: (path: ConfigPath) => string | undefined;
  /** The line of the value at `path` in the file, or of the nearest value above it. */
  readonly lineOf: (path: ConfigPath) => number | undefined;
  /** The files that it names with `${file:…}`, as they were read. */
  readonly secretFiles: readonly SecretFile[];
  /** What `MCP_MODE` asks for; `undefined` when it is not set. */
  readonly mode: ServeMode | undefined;
}

/** A configuration, and where it was read. */
export interface LoadedConfig extends ParsedConfig {
  readonly file: string;
}

/**
 * Reads, expands and validates the configuration: the only reader of the file and of the environment.
 * @throws ConfigError listing every problem found.
 */
export function loadConfig(file: string | undefined, env: Environment): LoadedConfig {
  const source = configFile(file, env);
  return { ...parseConfig(readConfigFile(source), env, source), file: source };
}

/** The file to read: what `--config` names, else `MCP_CONFIG`, else `config.yaml`. */
export function configFile(file: string | undefined, env: Environment): string {
  return file ?? (env.MCP_CONFIG || DEFAULT_CONFIG_FILE);
}

/** As {@link loadConfig}, from text; `source` is named in errors, and relative paths of `${file:…}` begin at its folder. */
export function parseConfig(text: string, env: Environment, source: string): ParsedConfig {
  const files = new SecretFiles(source);
  const document = parseConfigDocument(text, { env, readFile: (path) => files.read(path) });
  const problems: ConfigProblem[] = [...document.problems];
  const mode = serveMode(env.MCP_MODE, problems);
  const config = document.root !== undefined ? validate(document, env, problems) : undefined;
  if (config === undefined || problems.length > 0) throw new ConfigError(source, byLine(problems));
  return {
    config,
    mode,
    templateOf: (path) => document.templateOf(path),
    lineOf: (path) => document.lineOf(path),
    secretFiles: files.files,
  };
}

/** From top to bottom, as people mend them; what is not about the file comes first. */
export function byLine(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

function validate(document: ConfigDocument, env: Environment, problems: ConfigProblem[]): Config | undefined {
  const overrides = overridesFrom(env);
  const overriddenBy = (path: ConfigPath): string | undefined => overrides.get(JSON.stringify(path))?.name;
  const root = withOverrides(document.root, [...overrides.values()]);
  const mayBeText = (path: ConfigPath): boolean =>
    overriddenBy(path) !== undefined || document.variablesOf(path).length > 0;
  const result = settleScalars(configSchema, root, mayBeText);
  if (result.success) {
    const { mcp_servers: entries } = result.data;
    problems.push(...groupProblems(entries, document), ...prefixProblems(entries, document));
    return result.data;
  }
  const context = { schema: configSchema, root, document, overriddenBy };
  // A missing variable has been reported; what its empty value breaks would only repeat that.
  const reported = new Set(problems.map(({ path }) => JSON.stringify(path)));
  problems.push(
    ...result.error.issues
      .flatMap((issue) => explainIssue(issue, context))
      .filter(({ path }) => path.length === 0 || !reported.has(JSON.stringify(path))),
  );
  return undefined;
}

interface Override {
  readonly name: string;
  readonly path: readonly string[];
  readonly value: string;
}

function overridesFrom(env: Environment): ReadonlyMap<string, Override> {
  return new Map(
    ENVIRONMENT.flatMap(({ name, path }) => {
      const value = env[name];
      return path === undefined || value === undefined || value === ""
        ? []
        : [[JSON.stringify(path), { name, path, value }]];
    }),
  );
}

/** Sets the values on copies of the sections; where the file has no section but something else, it is left to fail. */
function withOverrides(root: unknown, overrides: readonly Override[]): unknown {
  return overrides.reduce<unknown>((tree, { path, value }) => setIn(tree, path, value), root);
}

function setIn(tree: unknown, [first, ...rest]: readonly string[], value: string): unknown {
  if (first === undefined) return value;
  if (tree !== undefined && tree !== null && (typeof tree !== "object" || Array.isArray(tree))) return tree;
  const section = tree as Readonly<Record<string, unknown>> | null | undefined;
  return { ...section, [first]: setIn(section?.[first], rest, value) };
}

function serveMode(value: string | undefined, problems: ConfigProblem[]): ServeMode | undefined {
  if (value === undefined || value === "") return undefined;
  const mode = SERVE_MODES.find((known) => known === value.toLowerCase());
  if (mode === undefined) {
    const suggestion = nearest(value, SERVE_MODES);
    const hint = suggestion === undefined ? "" : ` (did you mean ${suggestion}?)`;
    const message = `MCP_MODE: ${JSON.stringify(value)} is not allowed; expected one of ${SERVE_MODES.join(", ")}${hint}`;
    problems.push({ path: [], line: undefined, message });
  }
  return mode;
}

/**
 * The text of a configuration file.
 * @throws ConfigError saying why it cannot be read.
 */
export function readConfigFile(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > FILE_BYTES_MAX) throw new ConfigError(file, [whole(`larger than ${FILE_BYTES_MAX} bytes (${size})`)]);
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(file, [whole(unreadable(error as NodeJS.ErrnoException))]);
  }
}

function unreadable(error: NodeJS.ErrnoException): string {
  const remedy = "name another with --config or MCP_CONFIG";
  if (error.code === "ENOENT") return `the file does not exist; ${remedy}`;
  if (error.code === "EISDIR") return `a folder, not a file; ${remedy}`;
  if (error.code === "EACCES") return `no permission to read the file; ${remedy}`;
  if (error.code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "not UTF-8 text; save the file as UTF-8";
  return `cannot be read: ${error.message}`;
}

function whole(message: string): ConfigProblem {
  return { path: [], line: undefined, message };
}
