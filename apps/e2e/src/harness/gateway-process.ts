import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { awaitLogEvent } from "./await-log-event.ts";
import { type RunningProcess, startProcess } from "./child-process.ts";
import { type LogEvent, parseLogEvents } from "./log-events.ts";
import { type MetricsPage, scrape } from "./metrics-page.ts";
import { poll } from "./poll.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { GATEWAY_MAIN, SOURCE_CONDITION } from "./workspace.ts";

/** The configuration file as data; it is written as JSON, which is YAML. */
export interface GatewayConfig {
  readonly mcp_servers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly [section: string]: unknown;
}

/** A gateway that serves HTTP. Disposing kills it with −9 unless it has ended. */
export interface HttpGateway extends AsyncDisposable {
  readonly process: RunningProcess;
  /** Base URL without a slash at the end. */
  readonly url: string;
  readonly configFile: string;
  /** URL of the aggregated endpoint, or of one server's own. */
  mcpUrl(server?: string): string;
  events(name?: string): readonly LogEvent[];
  metrics(headers?: Readonly<Record<string, string>>): Promise<MetricsPage>;
  /** Asks it to stop (SIGTERM) and waits; throws if it does not within the deadline. */
  stop(): Promise<void>;
}

/** A gateway drains calls before it stops, so this is longer than the longest call in these tests. */
const STOP_DEADLINE_MS = 15_000;

/** Arguments for `node` that run the gateway's command line from its sources. */
export function gatewayArguments(...args: readonly string[]): readonly string[] {
  return [SOURCE_CONDITION, "--disable-warning=ExperimentalWarning", GATEWAY_MAIN, ...args];
}

/** Starts a gateway on a loopback port, by default any free one, and waits until it listens. */
export async function startGateway(
  config: GatewayConfig,
  env: Readonly<Record<string, string>> = {},
  port = 0,
): Promise<HttpGateway> {
  await using cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await temporaryFolder());
  const configFile = await writeConfig(folder.path, config);
  const args = gatewayArguments("serve", "--http", "--port", String(port), "--config", configFile);
  const gateway = cleanup.use(await startProcess({ command: process.execPath, args, env, cwd: folder.path }));
  const url = await listeningUrl(gateway);
  const owned = cleanup.move();
  return {
    process: gateway,
    url,
    configFile,
    mcpUrl: (server) => (server === undefined ? `${url}/mcp` : `${url}/servers/${server}/mcp`),
    events: (name) => parseLogEvents(gateway.stderr()).filter(({ event }) => name === undefined || event === name),
    metrics: (headers) => scrape(`${url}/metrics`, headers),
    async stop() {
      gateway.kill("SIGTERM");
      await ended(gateway);
      await owned.disposeAsync();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Writes a configuration file with JSON logs at the level info, unless the configuration says otherwise. */
export async function writeConfig(folder: string, config: GatewayConfig): Promise<string> {
  const file = join(folder, "config.yaml");
  await writeFile(file, JSON.stringify({ logging: { level: "info", json_format: true }, ...config }, undefined, 2));
  return file;
}

async function listeningUrl(gateway: RunningProcess): Promise<string> {
  const { url } = await awaitLogEvent(gateway, "http_listening");
  if (typeof url !== "string") throw new Error(`http_listening has no url: ${gateway.stderr()}`);
  return url.replace(/\/$/, "");
}

async function ended(gateway: RunningProcess): Promise<void> {
  let done = false;
  void gateway.exited.then(() => {
    done = true;
  });
  await poll("the gateway to stop after SIGTERM", () => done, STOP_DEADLINE_MS);
}
