import { type CancelSignal, diagnosisOf, type ManagedServer } from "@mcp-hangar/core";
import { HEALTH_RESULTS, redactText, SERVER_STATES } from "@mcp-hangar/telemetry";
import { z } from "zod";
import { isOperationFailure, type Operation, operation } from "../operation.ts";
import type { ManagementParts } from "../parts.ts";
import { failureOf, findServer, serverInput, serverView, viewOf } from "./server-view.ts";

const permission = "servers:write";
const elapsedMs = z.number().describe("Milliseconds that it took.");

/** Starting and stopping servers, and looking whether they are well. */
export function lifecycleOperations(
  parts: Pick<ManagementParts, "gateway" | "access" | "bus" | "platform">,
): readonly Operation[] {
  const { bus, platform } = parts;
  const since = (startedMs: number): number => Math.round((platform.clock.nowMs() - startedMs) * 1e3) / 1e3;
  return [
    operation({
      id: "startServer",
      title: "Start a server",
      description:
        "Starts an MCP server now, instead of with its first call, and waits until it is ready. One that is dead, or waits before its next attempt, is tried at once. One that runs stays as it is.",
      permission,
      effect: "change",
      tool: "hangar_start",
      route: { method: "POST", path: "/api/mcp_servers/{server}/start" },
      input: z.object({ server: serverInput }),
      output: serverView.extend({ elapsed_ms: elapsedMs }),
      run: async ({ server: id }, { caller, signal, changed }) => {
        const server = findServer(parts, id, { caller, permission });
        if (isOperationFailure(server)) return server;
        const startedMs = platform.clock.nowMs();
        const before = server.state.name;
        const session = await server.ensureReady(signal, true);
        changed?.({ before, after: server.state.name });
        return "code" in session
          ? failureOf(session)
          : { ...viewOf(parts, server, { caller, permission }), elapsed_ms: since(startedMs) };
      },
    }),
    operation({
      id: "stopServer",
      title: "Stop a server",
      description:
        "Stops an MCP server and waits until its process or connection is gone. Calls in flight fail. The next call starts it again.",
      permission,
      effect: "change",
      tool: "hangar_stop",
      route: { method: "POST", path: "/api/mcp_servers/{server}/stop" },
      input: z.object({ server: serverInput }),
      output: serverView.extend({ elapsed_ms: elapsedMs }),
      run: async ({ server: id }, { caller, changed }) => {
        const server = findServer(parts, id, { caller, permission });
        if (isOperationFailure(server)) return server;
        const startedMs = platform.clock.nowMs();
        const before = server.state.name;
        await server.stop("requested");
        changed?.({ before, after: server.state.name });
        return { ...viewOf(parts, server, { caller, permission }), elapsed_ms: since(startedMs) };
      },
    }),
    operation({
      id: "checkServer",
      title: "Check a server",
      description:
        "Checks the health of an MCP server now: one that runs is asked for a sign of life, one that failed is started, one that is merely cold is skipped. It counts like the regular checks.",
      permission,
      effect: "change",
      tool: "hangar_check",
      route: { method: "POST", path: "/api/mcp_servers/{server}/check" },
      input: z.object({ server: serverInput }),
      output: z.object({
        server: z.string(),
        result: z.enum(HEALTH_RESULTS),
        message: z.string().nullable().describe("Why it is unhealthy."),
        state: z.enum(SERVER_STATES),
        consecutive_failures: z.int(),
        elapsed_ms: elapsedMs,
      }),
      run: async ({ server: id }, { caller }) => {
        const server = findServer(parts, id, { caller, permission });
        if (isOperationFailure(server)) return server;
        const startedMs = platform.clock.nowMs();
        const { result, message } = await server.check(server.options.call_timeout_s * 1_000);
        const { failures, name } = server.state;
        const durationMs = since(startedMs);
        bus.emit({
          type: "health_check.finished",
          timeMs: platform.clock.wallMs(),
          server: server.id,
          result,
          durationSeconds: durationMs / 1_000,
          consecutiveFailures: failures,
          message,
        });
        return {
          server: id,
          result,
          message: message === undefined ? null : redactText(message),
          state: name,
          consecutive_failures: failures,
          elapsed_ms: durationMs,
        };
      },
    }),
    warmServers(parts, since),
  ];
}

/** Servers that one request may name. */
const WARM_MAX = 1_000;

const warmed = z.object({
  server: z.string(),
  success: z.boolean(),
  error: z.string().nullable(),
  error_type: z.string().nullable(),
  elapsed_ms: elapsedMs,
});

function warmServers(
  parts: Pick<ManagementParts, "gateway" | "access" | "platform">,
  since: (startedMs: number) => number,
): Operation {
  const { gateway, access, platform } = parts;
  return operation({
    id: "warmServers",
    title: "Warm servers",
    description:
      "Starts several MCP servers, or all of them, so that first calls need not wait. A few start at the same time; one that fails does not stop the others.",
    permission,
    effect: "change",
    tool: "hangar_warm",
    route: { method: "POST", path: "/api/warm" },
    input: z.object({
      servers: z.array(serverInput).max(WARM_MAX).optional().describe("Ids of the servers; all when absent."),
      max_concurrency: z.int().min(1).max(50).default(5).describe("Servers that start at the same time."),
    }),
    output: z.object({ started: z.int(), failed: z.int(), results: z.array(warmed) }),
    run: async ({ servers: ids, max_concurrency: width }, { caller, signal }) => {
      const reached = gateway.fleet.all().filter(({ id }) => access.reaches(caller, id, permission));
      const found = [...new Set(ids)].map((id) => findServer(parts, id, { caller, permission }));
      const unknown = found.find(isOperationFailure);
      if (unknown !== undefined) return unknown;
      const queue =
        ids === undefined ? [...reached] : found.flatMap((server) => (isOperationFailure(server) ? [] : [server]));
      const results: z.infer<typeof warmed>[] = [];
      const work = async (): Promise<void> => {
        for (let server = queue.shift(); server !== undefined; server = queue.shift()) {
          results.push(await warm(server, signal));
        }
      };
      await Promise.all(Array.from({ length: width }, work));
      const started = results.filter(({ success }) => success).length;
      return { started, failed: results.length - started, results };
    },
  });

  async function warm(server: ManagedServer, signal: CancelSignal): Promise<z.infer<typeof warmed>> {
    const startedMs = platform.clock.nowMs();
    const session = await server.ensureReady(signal, true);
    const problem = "code" in session ? session : undefined;
    return {
      server: server.id,
      success: problem === undefined,
      error: problem === undefined ? null : redactText(diagnosisOf(problem)),
      error_type: problem?.code ?? null,
      elapsed_ms: since(startedMs),
    };
  }
}
