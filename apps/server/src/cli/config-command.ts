import { loadConfig } from "../config/load.ts";

/** `mcp-hangar config check`: throws with every problem, else says what the file holds. */
export async function runConfigCheck(file: string | undefined): Promise<number> {
  const loaded = loadConfig(file, process.env);
  const ids = Object.keys(loaded.config.mcp_servers);
  const servers = ids.length === 1 ? "1 server" : `${ids.length} servers`;
  process.stdout.write(`${loaded.file}: valid, ${servers}${ids.length === 0 ? "" : `: ${ids.join(", ")}`}\n`);
  return 0;
}
