import { type GatewayConfig, startGateway } from "../../../../apps/e2e/src/harness/gateway-process.ts";
import { EVERYTHING, nodeServer, startFixture } from "../../../../apps/e2e/src/harness/upstreams.ts";
import { modernRequest } from "../../../../apps/e2e/src/harness/wire-client.ts";
import { fixtureFile } from "../../../../apps/e2e/src/harness/workspace.ts";
import { type LiveEndpoints, productOptions } from "../../../../apps/e2e/src/live/live-options.ts";
import { startLoad } from "../../../../apps/e2e/src/live/load.ts";
import { startMonitoring } from "../../../../apps/e2e/src/live/monitoring-stack.ts";
import { freePort } from "../../../../packages/testing/src/free-port.ts";
import { someBatch } from "./batches.ts";

/** Two gateways under load with Prometheus and Alertmanager. Disposing ends all of them. */
export interface Stage extends AsyncDisposable {
  /** Base URL of Prometheus. */
  readonly prometheus: string;
}

const STDIO = fixtureFile("misbehaving/stdio.ts");

/**
 * Starts the stage: servers that are well, one that fails, one that is slow, one that crashes, and a remote one that goes
 * down after `remoteEndsAfterMs`. Rules and thresholds are as the product ships them; only scrapes are closer together.
 */
export async function startStage(remoteEndsAfterMs: number): Promise<Stage> {
  await using cleanup = new AsyncDisposableStack();
  const [port, otherPort, remotePort] = [await freePort(), await freePort(), await freePort()];
  const remote = cleanup.use(await startFixture("misbehaving/http.ts", String(remotePort)));
  const gateway = cleanup.use(await startGateway(config(remotePort), {}, port));
  const other = cleanup.use(await startGateway(config(remotePort), {}, otherPort));
  const targets = [port, otherPort].map((each) => `127.0.0.1:${each}`);
  const monitoring = cleanup.use(await startMonitoring({ targets, options }));
  const call = (server: string, name: string, args: object = {}): Promise<unknown> =>
    modernRequest(gateway.mcpUrl(server), "tools/call", { name, arguments: args });
  const batch = (): Promise<unknown> =>
    modernRequest(gateway.mcpUrl(), "tools/call", { name: "hangar_call", arguments: someBatch() });
  cleanup.use(startLoad(() => call("everything", "echo", { message: "hello" }), 60));
  cleanup.use(startLoad(() => call("everything", "get-sum", { a: 1, b: 2 }), 180));
  cleanup.use(startLoad(() => call("search", "sleep", { ms: 40 + Math.random() * 160 }), 120, 2));
  cleanup.use(startLoad(() => call("reports", "sleep", { ms: 700 + Math.random() * 3_600 }), 1_500, 3));
  cleanup.use(startLoad(() => call("tickets", Math.random() < 0.6 ? "ok" : "is_error"), 250));
  cleanup.use(startLoad(() => call("calendar", Math.random() < 0.02 ? "crash" : "ok"), 400));
  cleanup.use(startLoad(() => call("weather", "ok"), 300));
  // The other gateway has less to do, so that nobody takes one line for the other.
  const callOther = (server: string, name: string, args: object = {}): Promise<unknown> =>
    modernRequest(other.mcpUrl(server), "tools/call", { name, arguments: args });
  cleanup.use(startLoad(() => callOther("everything", "echo", { message: "hello" }), 400));
  cleanup.use(startLoad(() => callOther("tickets", "ok"), 900));
  cleanup.use(startLoad(batch, 1_500, 2));
  const end = setTimeout(() => void remote[Symbol.asyncDispose](), remoteEndsAfterMs);
  cleanup.defer(() => clearTimeout(end));
  const owned = cleanup.move();
  return { prometheus: monitoring.prometheus.url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function options(endpoints: LiveEndpoints): ReturnType<typeof productOptions> {
  return { ...productOptions(endpoints), scrapeInterval: "2s", scrapeTimeout: "2s", evaluationInterval: "5s" };
}

function config(remotePort: number): GatewayConfig {
  const checked = { health_check_interval_s: 2 };
  return {
    mcp_servers: {
      everything: { ...nodeServer(EVERYTHING), ...checked },
      search: { ...nodeServer(STDIO), ...checked },
      reports: { ...nodeServer(STDIO), ...checked, call_timeout_s: 4 },
      tickets: { ...nodeServer(STDIO), ...checked },
      calendar: { ...nodeServer(STDIO), ...checked },
      weather: { mode: "remote", endpoint: `http://127.0.0.1:${remotePort}/mcp`, ...checked, call_timeout_s: 2 },
    },
    rate_limit: { enabled: true, requests_per_second: 60, burst: 80 },
    logging: { level: "info", json_format: true, file: "gateway.log" },
  };
}
