/** Keys and indexes from the root of the configuration. */
export type ConfigPath = readonly (string | number)[];

/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  readonly path: ConfigPath;
  /** Line in the file, from 1; `undefined` when the value does not come from the file. */
  readonly line: number | undefined;
  /** What is wrong, with the value, what is allowed and, if there is one, the nearest valid name. */
  readonly message: string;
  /**
   * Set when the file is right in itself, but something that it names is missing or cannot be used: that may be mended
   * without a change of the file.
   */
  readonly elsewhere?: true;
}

/** Thrown when the configuration cannot be used; `message` lists every problem, one a line. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  /** `source` is the file as the user named it, or says where the configuration came from. */
  constructor(source: string, problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super([`${source}: ${count}`, ...problems.map((problem) => `  ${formatProblem(problem)}`)].join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** `mcp_servers.math.args[0]`, as people write it. */
export function formatPath(path: ConfigPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    const key = /^[\w-]+$/.test(part) ? part : JSON.stringify(part);
    return text === "" ? key : `${text}.${key}`;
  }, "");
}

function formatProblem({ line, path, message }: ConfigProblem): string {
  const where = [...(line === undefined ? [] : [`line ${line}`]), ...(path.length === 0 ? [] : [formatPath(path)])];
  return where.length === 0 ? message : `${where.join(", ")}: ${message}`;
}
