import {
  type CallResult,
  type EntryOptions,
  Gateway,
  type JsonObject,
  nodePlatform,
  remoteOptions,
} from "@mcp-hangar/core";
import { TelemetryBus } from "@mcp-hangar/telemetry";
import { BUILD } from "../build-info.ts";
import { loadConfig } from "../config/load.ts";
import { type Config, configSchema } from "../config/schema.ts";
import { applyEgress } from "../egress/apply-egress.ts";
import type { GatewayAddress } from "./ask-gateway.ts";
import { printableResult } from "./printable-result.ts";
import type { CallOptions } from "./program.ts";
import { printJson, printProblem, printText } from "./terminal-text.ts";

/**
 * `mcp-hangar call`: one tool call through a gateway of its own, whose only server is the running gateway's endpoint for
 * that server, or with `--config` the server itself. Exits with 1 when the tool or the call failed.
 */
export async function runCall(server: string, tool: string, options: CallOptions): Promise<number> {
  const config = options.config === undefined ? configSchema.parse({}) : loadConfig(options.config, process.env).config;
  applyEgress(config.egress, nodePlatform.env);
  const gateway = new Gateway({
    servers: options.config === undefined ? runningServer(options, server) : configuredServer(config, server),
    execution: config.execution,
    circuitBreaker: config.circuit_breaker,
    bus: new TelemetryBus(),
    platform: nodePlatform,
    info: BUILD,
  });
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    // The arguments were parsed from JSON.
    const call = { server, tool, arguments: options.args as JsonObject };
    return print(await gateway.callTool(call, interrupted.signal), options.json ?? false);
  } finally {
    await gateway.close();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

function runningServer({ url, apiKey }: GatewayAddress, server: string): Readonly<Record<string, EntryOptions>> {
  const endpoint = `${url}/servers/${encodeURIComponent(server)}/mcp`;
  const auth = apiKey === undefined ? {} : { auth: { type: "bearer", token: apiKey } };
  return { [server]: remoteOptions.parse({ mode: "remote", endpoint, call_timeout_s: 300, ...auth }) };
}

/** The server, or the group with its members. */
function configuredServer({ mcp_servers: servers }: Config, server: string): Readonly<Record<string, EntryOptions>> {
  const options = Object.hasOwn(servers, server) ? servers[server] : undefined;
  if (options === undefined) {
    const known = Object.keys(servers).join(", ") || "none";
    throw new Error(`the configuration has no server ${JSON.stringify(server)}; it has: ${known}`);
  }
  const members = options.mode === "group" ? options.members.map(({ id }) => id) : [];
  const wanted = new Set([server, ...members]);
  return Object.fromEntries(Object.entries(servers).filter(([id]) => wanted.has(id)));
}

function print(result: CallResult, json: boolean): number {
  switch (result.kind) {
    case "result": {
      const { value, isError } = result.result;
      if (json) printJson(value);
      else printText(printableResult(value));
      return isError ? 1 : 0;
    }
    case "error":
      printProblem(`${result.error.message} (JSON-RPC error ${result.error.code})`);
      return 1;
    case "failure":
      printProblem(`${result.message} (${result.code})`);
      return 1;
  }
}
