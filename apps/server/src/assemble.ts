import type { IncomingMessage } from "node:http";
import type { Discovery, Gateway, Platform } from "@mcp-hangar/core";
import type { Metrics } from "@mcp-hangar/metrics";
import {
  type Caller,
  EventIds,
  type GatewaySnapshot,
  knownSecrets,
  secretsIn,
  TelemetryBus,
} from "@mcp-hangar/telemetry";
import type { AccessSystem } from "./access/create-access.ts";
import { createAccess } from "./access/create-access.ts";
import type { ExporterList } from "./assemble/exporter-list.ts";
import { createExporters, type LoadedExporters } from "./assemble/exporters.ts";
import { addMetrics } from "./assemble/metrics.ts";
import { createRuntime } from "./assemble/runtime.ts";
import { BUILD } from "./build-info.ts";
import type { Compliance } from "./compliance/create-compliance.ts";
import { preflight } from "./config/preflight.ts";
import type { Config } from "./config/schema.ts";
import { applyEgress } from "./egress/apply-egress.ts";
import { Health } from "./http/health.ts";
import { configCheck, fleetCheck } from "./http/readiness-checks.ts";
import { Traffic } from "./http/traffic.ts";
import { createLogging, type Logging, type LoggingEnvironment } from "./logging/logging.ts";
import { CallStatistics } from "./management/call-statistics.ts";
import { EventStreams } from "./management/events/event-streams.ts";
import { createManagementTools } from "./management/mcp-tools.ts";
import type { Operation } from "./management/operation.ts";
import { createOperations } from "./management/operations/index.ts";
import type { NoOperation } from "./management/recorded.ts";
import { createMcpFace, type McpFace } from "./mcp/index.ts";
import type { McpOptions } from "./mcp/options.ts";
import { AnswerRoom } from "./mcp/resumption/answer-room.ts";
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
  /** Everything that carries telemetry out of the gateway. */
  readonly exporters: ExporterList;
  /** The audit trail; `undefined` when none is configured. */
  readonly compliance: Compliance | undefined;
  readonly accessSystem: AccessSystem;
  /** What is held for clients over HTTP because they send or read slowly. */
  readonly traffic: Traffic;
  /** Who follows what happens, over HTTP. */
  readonly events: EventStreams;
  /** What the gateway does for its operators, over MCP and REST. */
  readonly operations: readonly Operation[];
  /** What stands for an operation that REST does not have. */
  readonly noOperation: NoOperation;
  /** All servers under one roof, tools prefixed. */
  readonly aggregateFace: McpFace;
  /** The tools of the gateway itself, without those of servers. */
  readonly managementFace: McpFace;
  /** Whether that has a tool for a caller. */
  readonly mayManage: (caller: Caller) => boolean;
  /** One face a server, tools under their own names. */
  readonly serverFaces: ServerFaces;
  readonly reloader: Reloader;
  readonly configWatch: FileWatch;
  readonly snapshot: () => GatewaySnapshot;
}

/** What the process has beside its configuration: where the log goes, and packages that were loaded for it. */
interface Surroundings extends Omit<LoggingEnvironment, "clock"> {
  readonly loaded: LoadedExporters;
}

/** The composition root: the one place where the runtime and what observes it meet. Throws when a part cannot run. */
export function assemble(initial: ReadConfig, platform: Platform, { loaded, ...terminal }: Surroundings): Hangar {
  const { config, source } = initial;
  knownSecrets.replace("configuration", secretsIn(config));
  const logging = createLogging(config.logging, { ...terminal, clock: platform.clock });
  const { logger } = logging;
  for (const { name: proxy, source: from } of applyEgress(config.egress, platform.env)) {
    logger.info("egress_through_proxy", { proxy, from });
  }
  const bus = new TelemetryBus((listener, error) => logger.error("listener_failed", { listener, error }));
  const ids = new EventIds(platform.uuid());
  const { exporters, history, tracer, compliance } = createExporters(config, { bus, platform, logging, ids, loaded });

  const accessSystem = createAccess(config, {
    bus,
    clock: platform.clock,
    onKeyProblem: (error) => logger.error("api_keys_unusable", { error }),
  });
  const { access } = accessSystem;
  const events = new EventStreams({ clock: platform.clock, access, run: platform.uuid().replaceAll("-", ""), ids });
  bus.on("events", quieted(events.listener, platform.clock));
  const { gateway, discovery, batches, continuations } = createRuntime(config, {
    file: source.file,
    bus,
    tracer,
    journal: compliance?.journal,
    platform,
    access,
    logger,
    history,
  });
  const configWatch = new FileWatch({
    clock: platform.clock,
    look: () => fileStates([source.file, ...reloader.secretFiles]),
    onChange: () => void reloader.reload("file"),
  });
  const parts = createReloadParts({ gateway, discovery, accessSystem, logging, watch: configWatch, file: source.file });
  const reloader = new Reloader({
    initial,
    parts,
    preflight: ({ config: next, lineOf }, isOfInterest) => preflight(next, { platform, lineOf, isOfInterest }),
    watchClients: () => {
      const tell = [aggregateFace, managementFace, serverFaces].map((face) => face.watchLists());
      return () => {
        for (const each of tell) each();
      };
    },
    bus,
    clock: platform.clock,
    logger,
  });
  const traffic = new Traffic(() => {
    const { max_buffered_bytes: total, max_buffered_bytes_per_caller: perOwner } = reloader.config.http;
    return { total, perOwner };
  });
  const snapshot = (): GatewaySnapshot => ({
    servers: gateway.fleet.snapshot(),
    batchItemsExecuting: batches.itemsExecuting,
    tasks: gateway.tasks.size,
    discovery: discovery.snapshot(),
    exporters: exporters.snapshots(),
    listeners: bus.listeners(),
    load: traffic.snapshot(),
    audit: compliance?.snapshot(),
    lastReloadSuccessful: reloader.lastSuccessful,
    build: { version: BUILD.version, node: process.version },
  });

  const metrics = addMetrics(config, {
    bus,
    snapshot,
    platform,
    exporters,
    hasJournal: compliance?.journal !== undefined,
  });
  const health = new Health(platform.clock, BUILD.version, [
    fleetCheck(() => gateway.fleet.snapshot()),
    configCheck(reloader),
    ...exporters.checks(),
    ...accessSystem.health,
  ]);
  const statistics = new CallStatistics();
  bus.on("management", statistics.listener);
  const { operations, noOperation } = createOperations({
    gateway,
    discovery,
    batches,
    continuations,
    bus,
    tracer,
    journal: compliance?.journal,
    platform,
    access,
    accessSystem,
    health,
    history,
    auditTrail: compliance?.trail,
    snapshot,
    statistics,
    get options() {
      return reloader.config.management;
    },
    reloader,
  });
  const ownTools = createManagementTools(operations, access, () => reloader.config.management);
  const rooms = {
    traffic,
    subscriptionQuota: new SubscriptionQuota(),
    sessionRoom: new SessionRoom(),
    answerRoom: new AnswerRoom(() => reloader.config.mcp.kept_answer_bytes),
  };
  const { origin } = accessSystem;
  const addressOf = (request: IncomingMessage): string => origin.address(request);
  const options = (): McpOptions => reloader.config.mcp;
  const faceParts = { options, gateway, info: BUILD, platform, access, bus, addressOf, ...rooms };
  const aggregateFace = createMcpFace({ ...faceParts, scope: { kind: "all" }, management: ownTools.forAgents });
  const managementFace = createMcpFace({ ...faceParts, scope: { kind: "none" }, management: ownTools.forOperators });
  const serverFaces = new ServerFaces({
    exists: (id) => gateway.fleet.entry(id) !== undefined,
    create: (id) => createMcpFace({ ...faceParts, scope: { kind: "server", id } }),
    bus,
  });
  return {
    config,
    platform,
    bus,
    logging,
    gateway,
    discovery,
    metrics,
    health,
    exporters,
    compliance,
    accessSystem,
    traffic,
    events,
    operations,
    noOperation,
    aggregateFace,
    managementFace,
    mayManage: (caller) => ownTools.forOperators.isFor(caller),
    serverFaces,
    reloader,
    configWatch,
    snapshot,
  };
}
