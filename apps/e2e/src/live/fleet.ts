import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, POLL_DEADLINE_MS, poll } from "@mcp-hangar/testing";
import { type GatewayConfig, type HttpGateway, startGateway } from "../harness/gateway-process.ts";
import { temporaryFolder } from "../harness/temporary-folder.ts";
import { EVERYTHING, type HttpUpstream, nodeServer, startFixture } from "../harness/upstreams.ts";
import { modernRequest, type RpcMessage } from "../harness/wire-client.ts";
import { fixtureFile } from "../harness/workspace.ts";
import { Collector } from "./collector.ts";
import { type Load, startLoad } from "./load.ts";

/** The servers behind the gateway: one that is well, and one for each way of not being so. */
export const SERVERS = [
  "everything",
  "remote",
  "failing",
  "hanging",
  "deaf",
  "drowsy",
  "tripping",
  "crashing",
] as const;
export type ServerId = (typeof SERVERS)[number];

/** A gateway with real servers behind it, all of which a test can make worse and well again, and a second, small one. */
export interface Fleet extends AsyncDisposable {
  /** `host:port` of both gateways, the same after a restart. */
  readonly targets: readonly string[];
  gateway(): HttpGateway;
  call(server: ServerId, tool: string, args?: object): Promise<RpcMessage>;
  /** Reads a resource that the server does not have. */
  readMissing(server: ServerId): Promise<RpcMessage>;
  /** Sends a batch of calls. */
  batch(calls: readonly BatchItem[], options?: { readonly fail_fast: boolean }): Promise<RpcMessage>;
  /** Calls the next tool through the small gateway, whose metrics may have fewer series than there are tools. */
  callSmall(): Promise<RpcMessage>;
  /** Asks the gateway to stop and waits until it has. */
  stopGateway(): Promise<void>;
  startGateway(): Promise<void>;
  /** Absolute path of the folder in which the gateway looks for servers. */
  readonly watchedFolder: string;
  /** Kills the remote server. */
  killRemote(): Promise<void>;
  startRemote(): Promise<void>;
  readonly collectors: Collectors;
}

/** Where spans and audit records of the gateway go, and those of the small one. */
export interface Collectors {
  readonly spans: Collector;
  readonly audit: Collector;
  readonly smallSpans: Collector;
  readonly smallAudit: Collector;
}

/** One call of a batch. */
export interface BatchItem {
  readonly server: ServerId;
  readonly tool: string;
  readonly arguments?: object;
}

const STDIO = fixtureFile("misbehaving/stdio.ts");
const checked = { health_check_interval_s: 0.3 };

/** What a call of each server, that shall succeed, calls. */
const WELL: Readonly<Record<ServerId, readonly [tool: string, args: object]>> = {
  everything: ["echo", { message: "well" }],
  remote: ["ok", {}],
  failing: ["ok", {}],
  hanging: ["ok", {}],
  deaf: ["ok", {}],
  drowsy: ["ok", {}],
  tripping: ["ok", {}],
  crashing: ["ok", {}],
};

/** Starts the remote server, then the gateway. Servers are cold until they are called. */
export async function startFleet(): Promise<Fleet> {
  await using cleanup = new AsyncDisposableStack();
  const watchedFolder = join(cleanup.use(await temporaryFolder()).path, "servers");
  await mkdir(watchedFolder);
  await writeFile(join(watchedFolder, "found.json"), JSON.stringify(nodeServer(STDIO)));
  const [port, remotePort] = [await freePort(), String(await freePort())];
  let remote: HttpUpstream | undefined;
  let gateway: HttpGateway | undefined;
  cleanup.defer(async () => remote?.[Symbol.asyncDispose]());
  cleanup.defer(async () => gateway?.[Symbol.asyncDispose]());
  const collector = async (): Promise<Collector> => cleanup.use(await Collector.start());
  const collectors: Collectors = {
    spans: await collector(),
    audit: await collector(),
    smallSpans: await collector(),
    smallAudit: await collector(),
  };
  const main = configWith(`http://127.0.0.1:${remotePort}/mcp`, watchedFolder, collectors);
  const running = (): HttpGateway => {
    if (gateway === undefined) throw new Error("the gateway is stopped");
    return gateway;
  };
  const methods = {
    async startRemote(): Promise<void> {
      remote = await startFixture("misbehaving/http.ts", remotePort);
    },
    async killRemote(): Promise<void> {
      await remote?.[Symbol.asyncDispose]();
      remote = undefined;
    },
    async startGateway(): Promise<void> {
      gateway = await startGateway(main, HASTE, port);
    },
    async stopGateway(): Promise<void> {
      await running().stop();
      gateway = undefined;
    },
  };
  const small = cleanup.use(await startGateway(smallConfig(collectors), HASTE));
  await Promise.all([methods.startRemote(), methods.startGateway()]);
  const owned = cleanup.move();
  let turn = 0;
  return {
    targets: [`127.0.0.1:${port}`, new URL(small.url).host],
    watchedFolder,
    collectors,
    gateway: running,
    async call(server, tool, args = {}) {
      return (await modernRequest(running().mcpUrl(server), "tools/call", { name: tool, arguments: args })).message;
    },
    async readMissing(server) {
      return (await modernRequest(running().mcpUrl(server), "resources/read", { uri: "file:///missing" })).message;
    },
    async batch(calls, options = { fail_fast: false }) {
      const params = { name: "hangar_call", arguments: { calls, ...options } };
      return (await modernRequest(running().mcpUrl(), "tools/call", params)).message;
    },
    async callSmall() {
      turn = (turn % SMALL_TOOLS) + 1;
      const params = { name: `extra_${turn}`, arguments: {} };
      return (await modernRequest(small.mcpUrl("own"), "tools/call", params)).message;
    },
    ...methods,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Calls every server until it answers well. */
export async function warmUp(fleet: Fleet): Promise<void> {
  await Promise.all([fleet.callSmall(), ...SERVERS.map((server) => wellAgain(fleet, server))]);
}

/** Calls a server until it answers well. A dead one is started again after its backoff at the latest. */
export async function wellAgain(fleet: Fleet, server: ServerId): Promise<void> {
  await poll(`${server} to answer well`, () => callWell(fleet, server).then(() => true), POLL_DEADLINE_MS, 200);
}

/** A call that succeeds; throws if it does not. */
export async function callWell(fleet: Fleet, server: ServerId): Promise<void> {
  const { error, result } = await fleet.call(server, ...WELL[server]);
  if (error !== undefined || result?.isError === true) {
    throw new Error(`${server} does not answer well: ${JSON.stringify(error ?? result)}`);
  }
}

/** Some twenty calls and a batch a second, all of which succeed while the servers are well. */
export function healthyLoad(fleet: Fleet, servers: readonly ServerId[] = SERVERS): Load {
  let turn = 0;
  const next = (): ServerId => {
    turn += 1;
    return servers[turn % servers.length] ?? "everything";
  };
  const item = (): BatchItem => {
    const server = next();
    const [tool, args] = WELL[server];
    return { server, tool, arguments: args };
  };
  const load = new AsyncDisposableStack();
  load.use(startLoad(() => callWell(fleet, next()), 50));
  load.use(startLoad(() => fleet.batch([item(), item(), item()]), 1_000));
  return load;
}

/** Tools of the server behind the small gateway: more than a metric there may have series. */
const SMALL_TOOLS = 100;
/** When exporters give up an attempt, in milliseconds: a collector that hangs is noticed within the windows of the test, and one is well on a busy machine. */
const HASTE = { OTEL_EXPORTER_OTLP_TIMEOUT: "3000" };

function smallConfig({ smallSpans, smallAudit }: Collectors): GatewayConfig {
  return {
    mcp_servers: { own: nodeServer(STDIO, `--extra-tools=${SMALL_TOOLS}`) },
    observability: {
      metrics: { series_limit: 60 },
      tracing: { endpoint: smallSpans.httpUrl },
      otlp_audit: { endpoint: smallAudit.grpcUrl, protocol: "grpc" },
    },
  };
}

function configWith(endpoint: string, watchedFolder: string, { spans, audit }: Collectors): GatewayConfig {
  return {
    mcp_servers: {
      // Stopped when it rests, so that idle sweeps are frequent enough to be measured.
      everything: { ...nodeServer(EVERYTHING), ...checked, idle_ttl_s: 4 },
      remote: { mode: "remote", endpoint, ...checked, max_consecutive_failures: 2, call_timeout_s: 2 },
      failing: { ...nodeServer(STDIO), ...checked },
      hanging: { ...nodeServer(STDIO), ...checked, call_timeout_s: 1 },
      // From its sixth failed check it is unhealthy, from the sixteenth degraded, too, and dead only twenty seconds after that.
      deaf: { ...nodeServer(STDIO), ...checked, call_timeout_s: 1, max_consecutive_failures: 16 },
      // From its third failed check to its sixth, half a minute later, it is degraded, and not yet unhealthy.
      drowsy: { ...nodeServer(STDIO), health_check_interval_s: 10, call_timeout_s: 1, max_consecutive_failures: 3 },
      // Its health checks would find it dead before its circuit breaker opens.
      tripping: { ...nodeServer(STDIO), health_check_interval_s: 600, call_timeout_s: 1 },
      crashing: { ...nodeServer(STDIO), ...checked },
      twin: nodeServer(STDIO),
      pool: { mode: "group", members: [{ id: "twin" }] },
    },
    discovery: { sources: { folder: { type: "filesystem", path: watchedFolder, interval_s: 0.5 } } },
    rate_limit: { enabled: true, requests_per_second: 80, burst: 80 },
    circuit_breaker: { failure_threshold: 25, open_s: 1 },
    logging: { level: "info", json_format: true, file: "gateway.log" },
    observability: {
      // A few are enough to be missed: a gateway that is called without pause has no time for more.
      tracing: { endpoint: spans.grpcUrl, protocol: "grpc", sample_rate: 0.1, keep_errors: false },
      otlp_audit: { endpoint: audit.httpUrl },
    },
  };
}
