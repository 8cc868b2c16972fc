import type { IncomingMessage } from "node:http";
import { setImmediate } from "node:timers/promises";
import { Batches, ContinuationStore, Discovery, Gateway, type Platform } from "@mcp-hangar/core";
import { createMetrics, type Metrics } from "@mcp-hangar/metrics";
import { type GatewaySnapshot, knownSecrets, secretsIn, TelemetryBus } from "@mcp-hangar/telemetry";
import type { AccessSystem } from "./access/create-access.ts";
import { createAccess } from "./access/create-access.ts";
import { BUILD } from "./build-info.ts";
import { preflight } from "./config/preflight.ts";
import type { Config } from "./config/schema.ts";
import { parseServerFile } from "./discovery/parse-server-file.ts";
import { History } from "./history/history.ts";
import { Health } from "./http/health.ts";
import { configCheck, fleetCheck, historyCheck, logCheck } from "./http/readiness-checks.ts";
import { Traffic } from "./http/traffic.ts";
import { createLogging, type Logging, type LoggingEnvironment } from "./logging/logging.ts";
import { CallStatistics } from "./management/call-statistics.ts";
import { EventStreams } from "./management/events/event-streams.ts";
import { createManagementTools } from "./management/mcp-tools.ts";
import type { Operation } from "./management/operation.ts";
import { createOperations } from "./management/operations/index.ts";
import { createMcpFace, type McpFace } from "./mcp/index.ts";
import { ServerFaces } from "./mcp/server-faces.ts";
import { SessionRoom } from "./mcp/session-room.ts";
import { SubscriptionQuota } from "./mcp/subscription-quota.ts";
import { quieted } from "./noise/quieted.ts";
import type { ReadConfig } from "./reload/config-source.ts";
import { FileWatch, fileStates } from "./reload/file-watch.ts";
import { createReloadParts } from "./reload/parts.ts";
import { Reloader } from "./reload/reloader.ts";

/** Everything a running gateway is made of, wired but not started. */
export interface Hangar {
  /** As it was at the start; what is in force now is the reloader's. */
  readonly config: Config;
  readonly platform: Platform;
  readonly bus: TelemetryBus;
  readonly logging: Logging;
  readonly gateway: Gateway;
  readonly discovery: Discovery;
  /** `undefined` when the configuration switches metrics off. */
  readonly metrics: Metrics | undefined;
  readonly health: Health;
  /** `undefined` when the configuration asks for none. */
  readonly history: History | undefined;
  readonly accessSystem: AccessSystem;
  /** What is held for clients over HTTP because they send or read slowly. */
  readonly traffic: Traffic;
  /** Who follows what happens, over HTTP. */
  readonly events: EventStreams;
  /** What the gateway does for its operators, over MCP and REST. */
  readonly operations: readonly Operation[];
  /** All servers under one roof, tools prefixed. */
  readonly aggregateFace: McpFace;
  /** One face a server, tools under their own names. */
  readonly serverFaces: ServerFaces;
  readonly reloader: Reloader;
  readonly configWatch: FileWatch;
  readonly snapshot: () => GatewaySnapshot;
}

/** The composition root: the one place where the runtime and what observes it meet. Throws when a part cannot run. */
export function assemble(initial: ReadConfig, platform: Platform, terminal: Omit<LoggingEnvironment, "clock">): Hangar {
  const { config, source } = initial;
  knownSecrets.replace("configuration", secretsIn(config));
  const logging = createLogging(config.logging, { ...terminal, clock: platform.clock });
  const { logger } = logging;
  const bus = new TelemetryBus((listener, error) => logger.error("listener_failed", { listener, error }));
  bus.on("log", quieted(logging.listener, platform.clock));
  const { file: historyFile } = config.history;
  const history =
    historyFile === undefined ? undefined : new History({ ...config.history, file: historyFile }, platform.clock);
  if (history !== undefined) bus.on("history", history.listener);

  const accessSystem = createAccess(config, {
    bus,
    clock: platform.clock,
    onKeyProblem: (error) => logger.error("api_keys_unusable", { error }),
  });
  const { access } = accessSystem;
  const events = new EventStreams({ clock: platform.clock, access, run: platform.uuid().replaceAll("-", "") });
  bus.on("events", quieted(events.listener, platform.clock));
  const gateway = new Gateway({
    servers: config.mcp_servers,
    execution: config.execution,
    rateLimit: config.rate_limit,
    circuitBreaker: config.circuit_breaker,
    bus,
    platform,
    info: BUILD,
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
  const configWatch = new FileWatch({
    clock: platform.clock,
    look: () => fileStates([source.file, ...reloader.secretFiles]),
    onChange: () => void reloader.reload("file"),
  });
  const parts = createReloadParts({ gateway, discovery, accessSystem, logging, watch: configWatch });
  const reloader = new Reloader({
    initial,
    parts,
    preflight: ({ config: next, lineOf }, isOfInterest) => preflight(next, { platform, lineOf, isOfInterest }),
    bus,
    clock: platform.clock,
    logger,
  });
  const traffic = new Traffic(() => {
    const { max_buffered_bytes: total, max_buffered_bytes_per_caller: perOwner } = reloader.config.http;
    return { total, perOwner };
  });
  const continuations = new ContinuationStore(platform);
  const batches = new Batches({ gateway, bus, platform, continuations });
  const snapshot = (): GatewaySnapshot => ({
    servers: gateway.fleet.snapshot(),
    batchItemsExecuting: batches.itemsExecuting,
    discovery: discovery.snapshot(),
    exporters: [logging.snapshot(), ...(history === undefined ? [] : [history.snapshot()])],
    listeners: bus.listeners(),
    load: traffic.snapshot(),
    lastReloadSuccessful: reloader.lastSuccessful,
    build: { version: BUILD.version, node: process.version },
  });

  const { enabled, series_limit: seriesLimit, runtime: runtimeMetrics, ...tools } = config.observability.metrics;
  const metrics = enabled
    ? createMetrics({
        bus,
        snapshot,
        seriesLimit,
        toolLimits: { perServer: tools.tools_per_server_limit, total: tools.tools_limit },
        runtimeMetrics,
        nowMs: () => platform.clock.nowMs(),
        yieldTurn: () => setImmediate(),
      })
    : undefined;
  const health = new Health(platform.clock, BUILD.version, [
    fleetCheck(() => gateway.fleet.snapshot()),
    configCheck(reloader),
    logCheck(() => logging.snapshot()),
    ...accessSystem.health,
    ...(history === undefined ? [] : [historyCheck(history)]),
  ]);
  const statistics = new CallStatistics();
  bus.on("management", statistics.listener);
  const operations = createOperations({
    gateway,
    discovery,
    batches,
    continuations,
    bus,
    platform,
    access,
    accessSystem,
    health,
    history,
    snapshot,
    statistics,
    get options() {
      return reloader.config.management;
    },
    reloader,
  });
  const management = createManagementTools(operations, access, () => reloader.config.management);
  const rooms = { traffic, subscriptionQuota: new SubscriptionQuota(), sessionRoom: new SessionRoom() };
  const { origin } = accessSystem;
  const addressOf = (request: IncomingMessage): string => origin.address(request);
  const faceParts = { gateway, info: BUILD, platform, access, bus, addressOf, ...rooms };
  return {
    config,
    platform,
    bus,
    logging,
    gateway,
    discovery,
    metrics,
    health,
    history,
    accessSystem,
    traffic,
    events,
    operations,
    aggregateFace: createMcpFace({ ...faceParts, scope: { kind: "all" }, management }),
    serverFaces: new ServerFaces({
      exists: (id) => gateway.fleet.entry(id) !== undefined,
      create: (id) => createMcpFace({ ...faceParts, scope: { kind: "server", id } }),
      bus,
    }),
    reloader,
    configWatch,
    snapshot,
  };
}
