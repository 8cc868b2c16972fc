import { freePort, poll } from "@mcp-hangar/testing";
import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gatewayArguments, type HttpGateway, startGateway, writeConfig } from "../../src/harness/gateway-process.ts";
import { connect } from "../../src/harness/mcp-client.ts";
import { temporaryFolder } from "../../src/harness/temporary-folder.ts";
import { nodeServer } from "../../src/harness/upstreams.ts";
import { modernRequest, textOf } from "../../src/harness/wire-client.ts";
import { fixtureFile } from "../../src/harness/workspace.ts";

const SERVERS = { pipe: nodeServer(fixtureFile("misbehaving/stdio.ts")) };
const CALLS = 50;
/** What the gateway gives its exporters to end, its log included, and what a busy machine takes beside it, in ms. */
const END_MS = 3_000 + 7_000;
const LABELS = { exporter: "otlp_traces", signal: "traces" };

let receiver: OtlpReceiver;

beforeAll(async () => {
  receiver = await OtlpReceiver.start();
});

afterAll(async () => {
  await receiver?.close();
});

async function callAll(gateway: HttpGateway): Promise<readonly string[]> {
  const calls = Array.from({ length: CALLS }, async () => {
    const { message } = await modernRequest(gateway.mcpUrl(), "tools/call", { name: "pipe__ok", arguments: {} });
    return textOf(message);
  });
  return Promise.all(calls);
}

/** Spans of the accounts on the metrics page: accepted ones are delivered, dropped or waiting. */
async function accounts(
  gateway: HttpGateway,
): Promise<{ readonly delivered: number; readonly total: number; readonly failures: number }> {
  const page = await gateway.metrics();
  const sum = (name: string): number => page.sum(name, LABELS);
  const delivered = sum("mcp_hangar_telemetry_events_total");
  return {
    delivered,
    total: delivered + sum("mcp_hangar_telemetry_dropped_total") + sum("mcp_hangar_telemetry_queue_size"),
    failures: sum("mcp_hangar_telemetry_failures_total"),
  };
}

describe.each([
  ["is not there", "http/protobuf", async () => `http://127.0.0.1:${await freePort()}`],
  ["is not there", "grpc", async () => `http://127.0.0.1:${await freePort()}`],
  ["hangs", "http/protobuf", async () => receiver.httpUrl],
  ["hangs", "grpc", async () => receiver.grpcUrl],
] as const)("a collector that %s (%s)", (_what, protocol, endpoint) => {
  test("keeps no call from its answer, is counted, and does not hold the end", async () => {
    receiver.behave({ kind: "hang" });
    await using gateway = await startGateway(
      { mcp_servers: SERVERS },
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: await endpoint(),
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_TIMEOUT: "300",
        OTEL_BSP_SCHEDULE_DELAY: "20",
      },
    );
    expect(await callAll(gateway)).toEqual(Array(CALLS).fill("ok"));
    await poll("a failed export", async () => (await accounts(gateway)).failures > 0);
    // A call is at least its own span and that of an attempt.
    const { delivered, total } = await accounts(gateway);
    expect(delivered).toBe(0);
    expect(total).toBeGreaterThanOrEqual(2 * CALLS);
    const startedMs = performance.now();
    gateway.process.kill("SIGTERM");
    expect(await gateway.process.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - startedMs).toBeLessThan(END_MS);
    expect(gateway.process.stdout()).toBe("");
  });
});

test("a gateway over stdio says nothing on stdout but MCP, whatever its collector does", async () => {
  await using folder = await temporaryFolder();
  const configFile = await writeConfig(folder.path, { mcp_servers: SERVERS });
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
    OTEL_EXPORTER_OTLP_TIMEOUT: "100",
  };
  const args = gatewayArguments("serve", "--config", configFile);
  // The official client fails on a line that is no message.
  await using client = await connect("sdk v1", {
    command: process.execPath,
    args,
    env: { ...process.env, ...env } as Record<string, string>,
  });
  expect(await client.call("pipe__ok")).toMatchObject({ content: [{ text: "ok" }] });
  expect(await client.call("pipe__echo", { a: 1 })).toMatchObject({ content: [{ text: '{"a":1}' }] });
});

test("spans that wait are sent when the gateway ends", async () => {
  receiver.behave({ kind: "accept" });
  const before = receiver.spans.length;
  await using gateway = await startGateway(
    { mcp_servers: SERVERS },
    { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.httpUrl, OTEL_BSP_SCHEDULE_DELAY: "600000" },
  );
  expect(await callAll(gateway)).toEqual(Array(CALLS).fill("ok"));
  expect(receiver.spans.length).toBe(before);
  gateway.process.kill("SIGTERM");
  await gateway.process.exited;
  const served = receiver.spans.slice(before).filter(({ kind }) => kind === "SPAN_KIND_SERVER");
  expect(served).toHaveLength(CALLS);
});

test.each([
  ["no-such-scheme://collector", /OTEL_EXPORTER_OTLP_ENDPOINT is no URL|OTLP endpoint/],
  ["http://user:canary-password@collector:4318", /OTEL_EXPORTER_OTLP_HEADERS/],
])("a gateway with the endpoint %s does not start, and says what to do", async (endpoint, message) => {
  const started = startGateway({ mcp_servers: SERVERS }, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  const failure = await started.then(
    () => undefined,
    (error: unknown) => String(error),
  );
  expect(failure).toMatch(message);
  expect(failure).not.toContain("canary-password");
});
