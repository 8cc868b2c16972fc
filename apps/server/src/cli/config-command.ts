import { nodePlatform } from "@mcp-hangar/core";
import { byLine, loadConfig } from "../config/load.ts";
import { preflight } from "../config/preflight.ts";
import { preflightOtlp } from "../config/preflight-otlp.ts";
import { ConfigError } from "../config/problem.ts";
import { printText } from "./terminal-text.ts";

/** What `config check` may be told. */
export interface ConfigCheckOptions {
  /** Looks at the file only, for machines that are not the gateway's. */
  readonly syntaxOnly?: true;
}

/** `mcp-hangar config check`: throws with every problem, else says what the file holds. */
export async function runConfigCheck(file: string | undefined, options: ConfigCheckOptions = {}): Promise<number> {
  const loaded = loadConfig(file, process.env);
  if (options.syntaxOnly !== true) {
    const problems = await preflight(loaded.config, { platform: nodePlatform, lineOf: loaded.lineOf });
    if (problems.length > 0) throw new ConfigError(loaded.file, byLine(problems));
  }
  const ids = Object.keys(loaded.config.mcp_servers);
  const servers = ids.length === 1 ? "1 server" : `${ids.length} servers`;
  // What is set wrong and does no harm to the start stands in no problem.
  const notes = options.syntaxOnly ? [] : (await preflightOtlp(loaded.config.observability, nodePlatform.env)).notes;
  const separate = Object.entries(loaded.config.mcp_servers).flatMap(([id, entry]) =>
    entry.mode === "group" || entry.sessions === "shared"
      ? []
      : [`${id}: a session ${entry.sessions.replace("_", " ")}, ${entry.max_sessions} at most`],
  );
  printText(`${loaded.file}: valid, ${servers}${ids.length === 0 ? "" : `: ${ids.join(", ")}`}`);
  for (const note of [...separate, ...notes]) printText(`  ${note}`);
  return 0;
}
