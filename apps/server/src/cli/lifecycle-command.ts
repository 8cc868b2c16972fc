import { z } from "zod";
import { askGateway, notAGateway, refusalOf } from "./ask-gateway.ts";
import type { LifecycleOptions } from "./program.ts";
import { printJson, printProblem, printText } from "./terminal-text.ts";

/** A start takes as long as `start_timeout_s` of the server allows; whoever waits longer than this looks at `status`, in ms. */
const DEADLINE_MS = 300_000;

const answered = z.looseObject({ state: z.string(), elapsed_ms: z.number() });

/** `mcp-hangar start` and `stop`: exits with 0 when it is done, else says why on stderr and exits with 1. */
export async function runLifecycle(
  action: "start" | "stop",
  server: string,
  options: LifecycleOptions,
): Promise<number> {
  const path = `/api/mcp_servers/${encodeURIComponent(server)}/${action}`;
  const answer = await askGateway(options, path, { method: "POST", deadlineMs: DEADLINE_MS });
  const done = answered.safeParse(answer.body);
  const refused = refusalOf(answer);
  if (!done.success && refused === undefined) throw notAGateway(options.url, path, answer);
  if (options.json) printJson(answer.body);
  else if (done.success) printText(`${server}: ${done.data.state}, ${Math.round(done.data.elapsed_ms)} ms`);
  else if (refused !== undefined) printProblem(refused.message);
  return done.success ? 0 : 1;
}
