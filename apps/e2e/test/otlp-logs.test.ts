import { poll } from "@mcp-hangar/testing";
import { OtlpReceiver, type ReceivedLogRecord } from "@mcp-hangar/testing/otlp";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { modernRequest } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const mcp_servers = { own: nodeServer(fixtureFile("misbehaving/stdio.ts")) };
const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const SCOPE = "mcp-hangar.log";

let collector: OtlpReceiver;
beforeEach(async () => {
  collector = await OtlpReceiver.start();
});
afterEach(() => collector.close());

function call(gateway: HttpGateway, tool: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
  const _meta = { traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01` };
  return modernRequest(gateway.mcpUrl("own"), "tools/call", { name: tool, arguments: args, _meta });
}

const lines = (): readonly ReceivedLogRecord[] => collector.logRecords.filter(({ scope }) => scope.name === SCOPE);
const namesOf = (records: readonly ReceivedLogRecord[]): readonly string[] =>
  records.map(({ eventName }) => eventName.replace("mcp_hangar.log.", ""));

test("lines of the log arrive at the collector as they are in the log, with the span of their call, until the end", async () => {
  const config = {
    mcp_servers,
    observability: { otlp_logs: { enabled: true }, tracing: { sample_rate: 1, service_name: "edge" } },
  };
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.httpUrl,
    OTEL_EXPORTER_OTLP_HEADERS: "x-api-key=canary-of-the-header",
  };
  await using gateway = await startGateway(config, env);
  await call(gateway, "ok", { secret: "canary-of-the-arguments" });
  await call(gateway, "is_error");
  await gateway.stop();

  expect(collector.refusals).toEqual([]);
  const invoked = lines().find(({ eventName }) => eventName === "mcp_hangar.log.tool_invoked");
  expect(invoked).toMatchObject({
    severityText: "info",
    severityNumber: "SEVERITY_NUMBER_INFO",
    traceId: TRACE_ID,
    attributes: { mcp_server: "own", tool: "ok", status: "success" },
  });
  // Spans, audit records and lines are of one service.
  const services = [...collector.spans, ...collector.logRecords].map(({ resource }) => resource["service.name"]);
  expect(new Set(services)).toEqual(new Set(["edge"]));
  // The span is one that was exported: from a line one comes to it.
  const spans = collector.spans.filter(({ traceId }) => traceId === TRACE_ID).map(({ spanId }) => spanId);
  expect(spans).toContain(invoked?.spanId);
  expect(lines().find(({ eventName }) => eventName === "mcp_hangar.log.tool_failed")).toMatchObject({
    severityText: "warning",
    attributes: { error_type: "tool_error" },
  });

  // Everything that was written is here, in its order, from the first event on.
  const written = gateway.events().map(({ event }) => event);
  const begun = written.slice(written.indexOf(namesOf(lines())[0] ?? ""));
  expect(namesOf(lines())).toEqual(begun.slice(0, lines().length));
  expect(namesOf(lines())).toEqual(expect.arrayContaining(["http_listening", "mcp_server_started", "gateway_stopped"]));
  const all = JSON.stringify(lines(), (_key, value: unknown) => (typeof value === "bigint" ? Number(value) : value));
  expect(all).not.toContain("canary");
});

test("no line leaves a gateway whose configuration does not say so, though audit records do", async () => {
  await using gateway = await startGateway(
    { mcp_servers },
    { OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcUrl, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
  );
  await call(gateway, "ok");
  await gateway.stop();
  expect(collector.logRecords.length).toBeGreaterThan(0);
  expect(lines()).toEqual([]);
});

test("a collector that is away is told of once, keeps nobody from calling, and is in the metrics of the exporter", async () => {
  const { httpUrl } = collector;
  const config = {
    mcp_servers,
    observability: { otlp_logs: { enabled: true, endpoint: httpUrl }, otlp_audit: { enabled: false } },
  };
  await using gateway = await startGateway(config);
  collector.behave({ kind: "refuse", httpStatus: 503, grpcCode: 14 });
  await call(gateway, "ok");
  const labels = { exporter: "otlp_logs", signal: "log" };
  await poll("two failures", async () => {
    const page = await gateway.metrics();
    return page.sum("mcp_hangar_telemetry_failures_total", labels) >= 2;
  });
  collector.behave({ kind: "accept" });
  await poll("the lines to arrive", () => namesOf(lines()).includes("otlp_logs_recovered"));
  expect(gateway.events("otlp_logs_failing")).toHaveLength(1);
  expect(namesOf(lines())).toEqual(expect.arrayContaining(["tool_invoked", "otlp_logs_failing"]));
  expect((await gateway.metrics()).sum("mcp_hangar_telemetry_dropped_total", labels)).toBe(0);
});

test("lines that are wanted without an endpoint are a warning in the log", async () => {
  await using gateway = await startGateway({ mcp_servers, observability: { otlp_logs: { enabled: true } } });
  expect(gateway.events("otlp_logs_off")).toHaveLength(1);
});
