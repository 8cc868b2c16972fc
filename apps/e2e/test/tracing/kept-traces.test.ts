import { poll } from "@mcp-hangar/testing";
import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { expect, test } from "vitest";
import { startGateway } from "../../src/harness/gateway-process.ts";
import { parseOpenMetrics } from "../../src/harness/openmetrics/parse.ts";
import { writeOver } from "../../src/harness/reloading.ts";
import { agentContext } from "../../src/harness/span-tree.ts";
import { metaOfItems } from "../../src/harness/traced-gateway.ts";
import { nodeServer } from "../../src/harness/upstreams.ts";
import { modernRequest, textOf } from "../../src/harness/wire-client.ts";
import { fixtureFile } from "../../src/harness/workspace.ts";

const SERVER = nodeServer(fixtureFile("misbehaving/stdio.ts"));
const CALLS = 20;
/** Calls that are open at two servers, and leave room for more. */
const OPEN = 8;

/** As many calls of a tool as that, each in a trace of its own, which the agent has decided to record or not; the traces. */
async function callAll(url: string, tool: string, flags: "00" | "01", first: number): Promise<readonly string[]> {
  return Promise.all(
    Array.from({ length: CALLS }, async (_each, index) => {
      const { traceId, spanId } = agentContext(first + index);
      const _meta = { traceparent: `00-${traceId}-${spanId}-${flags}` };
      await modernRequest(url, "tools/call", { name: `own__${tool}`, arguments: {}, _meta });
      return traceId;
    }),
  );
}

test("exemplars name traces that are exported and no others; spans and audit records name the same gateway", async () => {
  const receiver = await OtlpReceiver.start();
  const config = { mcp_servers: { own: SERVER }, observability: { tracing: { keep_slower_than_s: 600 } } };
  await using gateway = await startGateway(config, {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.httpUrl,
    OTEL_TRACES_SAMPLER: "PARENTBASED_ALWAYS_OFF",
    OTEL_RESOURCE_ATTRIBUTES: "team=canary,garbage",
  });
  const url = gateway.mcpUrl();
  const refused = await callAll(url, "ok", "00", 1_000);
  const [failed, sampled] = [await callAll(url, "is_error", "00", 2_000), await callAll(url, "ok", "01", 3_000)];
  const again = await callAll(url, "ok", "00", 4_000);
  const response = await fetch(`${gateway.url}/metrics`, {
    headers: { accept: "application/openmetrics-text; version=1.0.0" },
  });
  const named = [...parseOpenMetrics(await response.text()).values()].flatMap(({ samples }) =>
    samples.flatMap(({ exemplar }) => exemplar?.labels.trace_id ?? []),
  );
  expect(gateway.events("otlp_resource_invalid")).toMatchObject([
    { message: "OTEL_RESOURCE_ATTRIBUTES is left out: entry 2 is not key=value with percent-encoding" },
  ]);
  await gateway.stop();

  const exported = new Set(receiver.spans.map(({ traceId }) => traceId));
  expect([...failed, ...sampled].filter((traceId) => !exported.has(traceId))).toEqual([]);
  expect([...refused, ...again].filter((traceId) => exported.has(traceId))).toEqual([]);
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((traceId) => !exported.has(traceId))).toEqual([]);
  const resources = [...receiver.spans, ...receiver.logRecords].map(({ resource }) => resource);
  const { instance, ...others } = {
    instance: new Set(resources.map((resource) => resource["service.instance.id"])),
    names: new Set(resources.map((resource) => resource["service.name"])),
    teams: new Set(resources.map((resource) => resource.team)),
  };
  expect([...instance]).toEqual([expect.any(String)]);
  expect(others).toEqual({ names: new Set(["mcp-hangar"]), teams: new Set([undefined]) });
  await receiver.close();
});

test("calls that are open while the configuration changes and the gateway is told to stop have their spans", async () => {
  const receiver = await OtlpReceiver.start();
  const config = { mcp_servers: { own: SERVER, other: SERVER }, config_reload: { debounce_s: 0.1 } };
  await using gateway = await startGateway(config, {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.httpUrl,
    OTEL_BSP_SCHEDULE_DELAY: "600000",
  });
  const agents = Array.from({ length: OPEN }, (_each, index) => agentContext(index + 1));
  // Half of them at a server that the reload changes under them, some longer than the gateway waits.
  const answers = agents.map(async ({ traceparent }, index) => {
    const name = `${index % 2 === 0 ? "own" : "other"}__${index % 3 === 0 ? "silence" : "sleep"}`;
    const params = { name, arguments: { ms: 4_000 + 100 * index }, _meta: { traceparent } };
    await modernRequest(gateway.mcpUrl(), "tools/call", params).catch(() => undefined);
  });
  const openAt = async (server: string): Promise<number> => {
    const params = { name: `${server}__open`, arguments: {} };
    return Number(textOf((await modernRequest(gateway.mcpUrl(), "tools/call", params)).message));
  };
  await poll("the calls to run", async () => (await openAt("own")) + (await openAt("other")) >= OPEN);
  await writeOver(gateway, {
    ...config,
    mcp_servers: { own: SERVER, other: { ...SERVER, call_timeout_s: 50 }, third: SERVER },
    http: { shutdown_timeout_s: 1 },
  });
  await poll("the reload", () => gateway.events("config_reloaded").length > 0);
  gateway.process.kill("SIGTERM");
  await Promise.all(answers);
  expect(await gateway.process.exited).toEqual({ code: 0, signal: null });
  const served = receiver.spans.filter(({ kind, name }) => kind === "SPAN_KIND_SERVER" && !name.endsWith("open"));
  expect(served.map(({ traceId }) => traceId).toSorted()).toEqual(agents.map(({ traceId }) => traceId).toSorted());
  await receiver.close();
});

test("without an endpoint for spans, baggage goes to the servers that may have it all the same", async () => {
  await using gateway = await startGateway({
    mcp_servers: { own: SERVER, trusted: SERVER },
    observability: { tracing: { baggage_to: ["trusted"] } },
  });
  const _meta = { traceparent: agentContext(1).traceparent, baggage: "customer=42" };
  const metaOf = async (name: string): Promise<unknown> => {
    const { message } = await modernRequest(gateway.mcpUrl(), "tools/call", { name, arguments: {}, _meta });
    return JSON.parse(textOf(message));
  };
  expect(await metaOf("trusted__meta")).toMatchObject(_meta);
  expect(await metaOf("own__meta")).not.toHaveProperty("baggage");
  const calls = ["trusted", "own"].map((server) => ({ server, tool: "meta", arguments: {} }));
  const params = { name: "hangar_call", arguments: { calls }, _meta };
  const { message } = await modernRequest(gateway.mcpUrl(), "tools/call", params);
  const [trusted, own] = metaOfItems(message);
  expect(trusted).toMatchObject({ baggage: "customer=42" });
  expect(own).not.toHaveProperty("baggage");
});
