import { askGateway, notAGateway, refusalOf } from "./ask-gateway.ts";
import { hasFields } from "./has-fields.ts";
import type { LifecycleOptions } from "./program.ts";
import { printJson, printProblem, printText } from "./terminal-text.ts";

/** A start takes as long as `start_timeout_s` of the server allows; whoever waits longer than this looks at `status`, in ms. */
const DEADLINE_MS = 300_000;

/** `mcp-hangar start` and `stop`: exits with 0 when it is done, else says why on stderr and exits with 1. */
export async function runLifecycle(
  action: "start" | "stop",
  server: string,
  options: LifecycleOptions,
): Promise<number> {
  const path = `/api/mcp_servers/${encodeURIComponent(server)}/${action}`;
  const answer = await askGateway(options, path, { method: "POST", deadlineMs: DEADLINE_MS });
  const { body } = answer;
  const done = hasFields(body, { state: "string", elapsed_ms: "number" }) ? body : undefined;
  const refused = refusalOf(answer);
  if (done === undefined && refused === undefined) throw notAGateway(options.url, path, answer);
  if (options.json) printJson(body);
  else if (done !== undefined) printText(`${server}: ${done.state}, ${Math.round(done.elapsed_ms)} ms`);
  else if (refused !== undefined) printProblem(refused.message);
  return done === undefined ? 1 : 0;
}
