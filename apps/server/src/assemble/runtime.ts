import { Batches, ContinuationStore, Discovery, Gateway, type Platform } from "@mcp-hangar/core";
import { type CallTracer, type Journal, type TelemetryBus, usageReader } from "@mcp-hangar/telemetry";
import type { Access } from "../access/access.ts";
import { BUILD } from "../build-info.ts";
import type { Config } from "../config/schema.ts";
import { parseServerFile } from "../discovery/parse-server-file.ts";
import type { History } from "../history/history.ts";
import type { Logger } from "../logging/logging.ts";

/** What runs servers and answers calls. */
export interface Runtime {
  readonly gateway: Gateway;
  readonly discovery: Discovery;
  readonly batches: Batches;
  readonly continuations: ContinuationStore;
}

/** What the runtime is told by and what it tells. */
interface RuntimeEnvironment {
  readonly bus: TelemetryBus;
  /** Makes spans, where they are wanted. */
  readonly tracer: CallTracer | undefined;
  /** Keeps the audit trail, where there is one. */
  readonly journal: Journal | undefined;
  readonly platform: Platform;
  readonly access: Access;
  readonly logger: Logger;
  /** Path of the configuration. */
  readonly file: string;
  /** Keeps what servers write to their stderr, where there is one. */
  readonly history: History | undefined;
}

/** Wires the runtime as the configuration says; nothing is started. */
export function createRuntime(config: Config, environment: RuntimeEnvironment): Runtime {
  const { bus, tracer, journal, platform, access, logger, history, file } = environment;
  const { usage } = config.observability;
  const gateway = new Gateway({
    servers: config.mcp_servers,
    configFile: file,
    execution: config.execution,
    rateLimit: config.rate_limit,
    circuitBreaker: config.circuit_breaker,
    tasks: config.tasks,
    bus,
    tracer,
    journal,
    platform,
    info: BUILD,
    readUsage: usage.enabled ? usageReader(usage, usage.default_currency) : undefined,
    access: access.enabled ? (caller, server, tool) => access.decide(caller, server, tool) : undefined,
    runs: (caller, server) => access.reaches(caller, server, "servers:read"),
    onServerLog: (server, line) => {
      logger.debug("mcp_server_log", { mcp_server: server, line });
      history?.log(server, line);
    },
  });
  const discovery = new Discovery(config.discovery, {
    fleet: gateway.fleet,
    bus,
    platform,
    info: BUILD,
    parseDocument: (text, expansion) => parseServerFile(text, expansion && { ...expansion, env: platform.env }),
    onServerLog: (server, line) => logger.debug("mcp_server_log", { mcp_server: server, line }),
  });
  const continuations = new ContinuationStore(platform);
  const batches = new Batches({ gateway, bus, tracer, platform, continuations });
  return { gateway, discovery, batches, continuations };
}
