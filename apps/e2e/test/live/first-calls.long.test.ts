import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../../src/harness/gateway-process.ts";
import { temporaryFolder } from "../../src/harness/temporary-folder.ts";
import { type HttpUpstream, startFixture } from "../../src/harness/upstreams.ts";
import { modernRequest } from "../../src/harness/wire-client.ts";
import { type PrometheusProcess, startPrometheus } from "../../src/live/prometheus-process.ts";

const DEADLINE_MS = 60_000;
const CALLS = "mcp_hangar_tool_calls_total";

let upstream: HttpUpstream;
let gateway: HttpGateway;
/** Two of one address and version, as replicas are, and one that gets the text format. */
let replicas: readonly PrometheusProcess[];
const cleanup = new AsyncDisposableStack();

describe("the first call of a tool, with Prometheus for real,", { tags: ["prometheus"] }, () => {
  beforeAll(async () => {
    upstream = cleanup.use(await startFixture("misbehaving/http.ts"));
    gateway = cleanup.use(await startGateway({ mcp_servers: { remote: { mode: "remote", endpoint: upstream.url } } }));
    const inText = cleanup.use(await startTextProxy(gateway.url));
    const targets = [gateway.url, gateway.url, inText.url].map((url) => new URL(url).host);
    replicas = await Promise.all(targets.map(startScraping));
    for (const replica of replicas) await poll("two scrapes", async () => (await scrapesOf(replica)) >= 2, DEADLINE_MS);
    expect(inText.formats()).toEqual(["text/plain; version=0.0.4; charset=utf-8"]);
  });

  afterAll(() => cleanup.disposeAsync());

  test.each([
    ["ok", "success", [`${CALLS}{status="success"`, "mcp_hangar_tool_call_duration_seconds_count{"]],
    ["is_error", "error", [`${CALLS}{status="error"`, 'mcp_hangar_tool_call_errors_total{error_type="tool_error"']],
  ])("is an increase for each of them: %s, called once", async (tool, _status, series) => {
    await call(tool);
    for (const replica of replicas) {
      for (const each of series) {
        const selector = `${each}${each.endsWith("{") ? "" : ","}tool="${tool}"}`;
        const seen = async (): Promise<boolean> => (await firstValue(replica, `increase(${selector}[2m])`)) >= 1;
        await poll(`an increase of ${selector}`, seen, DEADLINE_MS, 200);
        // One call, and no falling back to 0 that would be taken for a restart and counted again.
        expect(await firstValue(replica, `max_over_time(${selector}[2m])`)).toBe(1);
        expect(await firstValue(replica, `min_over_time(${selector}[2m])`)).toBe(0);
        expect(await firstValue(replica, `resets(${selector}[2m])`)).toBe(0);
      }
    }
  });

  test("is seen at once by a person who asks", async () => {
    await call("echo");
    const page = await gateway.metrics();
    expect(page.sum(CALLS, { tool: "echo" })).toBe(1);
  });

  test("brings series of the other outcomes with it, and there are none of tools that were never called", async () => {
    const page = await gateway.metrics();
    expect(page.select(CALLS, { tool: "ok" }).length).toBe(5);
    const tools = new Set(page.select(CALLS).map(({ labels }) => labels.tool));
    expect([...tools].toSorted((a, b) => (String(a) < String(b) ? -1 : 1))).toEqual([
      "_other",
      "echo",
      "is_error",
      "ok",
    ]);
  });
});

async function call(tool: string): Promise<void> {
  const { message } = await modernRequest(gateway.mcpUrl("remote"), "tools/call", { name: tool, arguments: {} });
  expect(message.result).toBeDefined();
}

async function startScraping(target: string): Promise<PrometheusProcess> {
  const folder = cleanup.use(await temporaryFolder());
  await mkdir(join(folder.path, "prometheus"));
  const config = {
    global: { scrape_interval: "1s", scrape_timeout: "1s" },
    scrape_configs: [{ job_name: "mcp-hangar", static_configs: [{ targets: [target] }] }],
  };
  await writeFile(join(folder.path, "prometheus/prometheus.yaml"), JSON.stringify(config));
  return cleanup.use(await startPrometheus(folder.path));
}

async function scrapesOf(replica: PrometheusProcess): Promise<number> {
  return await firstValue(replica, "count_over_time(mcp_hangar_build_info[1m])");
}

async function firstValue(replica: PrometheusProcess, expr: string): Promise<number> {
  return (await replica.query(expr))[0]?.value ?? Number.NaN;
}

/** Stands in front of the gateway and asks it for the text format, whatever Prometheus would rather have. */
async function startTextProxy(url: string) {
  const formats = new Set<string | undefined>();
  const server = createServer((incoming, outgoing) => {
    const headers: IncomingHttpHeaders = { ...incoming.headers, accept: "text/plain;version=0.0.4" };
    request(`${url}${incoming.url}`, { headers }, (answer) => {
      formats.add(answer.headers["content-type"]);
      answer.pipe(outgoing.writeHead(answer.statusCode ?? 502, answer.headers));
    })
      .on("error", () => outgoing.destroy())
      .end();
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  // A TCP server's address is an AddressInfo once it listens.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    formats: () => [...formats],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
