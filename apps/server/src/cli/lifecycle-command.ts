import { z } from "zod";
import { askGateway, notAGateway, refusalOf } from "./ask-gateway.ts";
import type { LifecycleOptions } from "./program.ts";

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
  if (options.json) process.stdout.write(`${JSON.stringify(answer.body, undefined, 2)}\n`);
  else if (done.success)
    process.stdout.write(`${server}: ${done.data.state}, ${Math.round(done.data.elapsed_ms)} ms\n`);
  else if (refused !== undefined) process.stderr.write(`mcp-hangar: ${refused.message}\n`);
  return done.success ? 0 : 1;
}
