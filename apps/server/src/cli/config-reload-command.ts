import { changesView } from "../management/operations/config.ts";
import { describeParts } from "../reload/diff.ts";
import { askGateway, notAGateway, type Refusal, refusalOf } from "./ask-gateway.ts";
import type { ConfigReloadCommandOptions } from "./program.ts";
import { printJson, printProblem, printText } from "./terminal-text.ts";

/** A reload may fetch keys of identity providers before it answers, in ms. */
const RELOAD_DEADLINE_MS = 60_000;
const PATH = "/api/config/reload";

/** `mcp-hangar config reload`: exits with 0 when the configuration of the file is in force, else with 1. */
export async function runConfigReload(options: ConfigReloadCommandOptions): Promise<number> {
  const { url, json } = options;
  const answer = await askGateway(options, PATH, { method: "POST", deadlineMs: RELOAD_DEADLINE_MS });
  const changes = changesView.safeParse(answer.body);
  const refused = refusalOf(answer);
  if (!changes.success && refused === undefined) throw notAGateway(url, PATH, answer);
  if (json) printJson(answer.body);
  else if (changes.success) {
    const { mcp_servers: servers, settings, needs_restart: needRestart } = changes.data;
    printText(describeParts({ ...servers, settings, needRestart }).join("\n"));
  } else if (refused !== undefined) printProblem(explain(refused));
  return changes.success ? 0 : 1;
}

function explain({ message, problems }: Refusal): string {
  if (problems.length < 2) return message;
  return [message, ...problems.map((problem) => `  ${problem.field}: ${problem.message}`)].join("\n");
}
