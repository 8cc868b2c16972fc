import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exitOf, type HangarProcess, hangarArguments, type LogEvent, startHangar, Turns } from "@mcp-hangar/testing";
import { type MetricsPage, scrape } from "./metrics-page.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** The configuration file as data; it is written as JSON, which is YAML. */
export interface GatewayConfig {
  readonly mcp_servers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly [section: string]: unknown;
}

/** A gateway that serves HTTP. Disposing kills it with −9 unless it has ended. */
export interface HttpGateway extends AsyncDisposable {
  readonly process: HangarProcess;
  /** Base URL without a slash at the end. */
  readonly url: string;
  readonly configFile: string;
  /** URL of the aggregated endpoint, or of one server's own. */
  readonly mcpUrl: (server?: string) => string;
  /** Where the tools of the gateway itself are. */
  readonly manageUrl: string;
  events(name?: string): readonly LogEvent[];
  metrics(headers?: Readonly<Record<string, string>>): Promise<MetricsPage>;
  /** Asks it to stop (SIGTERM) and waits; throws if it does not within the deadline. */
  stop(): Promise<void>;
}

/** Arguments for `node` that run the gateway's command line. */
export const gatewayArguments = hangarArguments;

/** Gateways that start at the same time in one test file: a start keeps a processor busy, and so do other files. */
const starts = new Turns(2);

/** Starts a gateway on a loopback port, by default any free one, and waits until it listens. */
export async function startGateway(
  config: GatewayConfig,
  env: Readonly<Record<string, string>> = {},
  port = 0,
): Promise<HttpGateway> {
  await using cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await temporaryFolder());
  const configFile = await writeConfig(folder.path, config);
  const args = ["serve", "--http", "--port", String(port), "--config", configFile];
  const { gateway, url } = await starts.run(async () => {
    const started = cleanup.use(await startHangar(args, env, folder.path));
    return { gateway: started, url: await listeningUrl(started) };
  });
  const owned = cleanup.move();
  return {
    process: gateway,
    url,
    configFile,
    manageUrl: `${url}/manage/mcp`,
    mcpUrl: (server) => (server === undefined ? `${url}/mcp` : `${url}/servers/${server}/mcp`),
    events: gateway.events,
    metrics: (headers) => scrape(`${url}/metrics`, headers),
    async stop() {
      gateway.kill("SIGTERM");
      await exitOf(gateway, "the gateway after SIGTERM");
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

async function listeningUrl(gateway: HangarProcess): Promise<string> {
  const { url } = await gateway.event("http_listening");
  if (typeof url !== "string") throw new Error(`http_listening has no url: ${gateway.stderr()}`);
  return url.replace(/\/$/, "");
}
