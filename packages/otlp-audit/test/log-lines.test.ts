import * as grpc from "@grpc/grpc-js";
import type { LineLevel, LogLineRecord, OTLPLogExporter } from "@mcp-hangar/otlp-audit";
import { poll } from "@mcp-hangar/testing";
import { type OtlpBehaviour, OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { INSTANCE, logExporter, VERSION } from "./exporter-under-test.ts";

let receiver: OtlpReceiver;
beforeEach(async () => {
  receiver = await OtlpReceiver.start();
});
afterEach(() => receiver.close());

const TIME_MS = 1_769_846_400_123;
const LINE: LogLineRecord = { timeMs: TIME_MS, level: "info", event: "tool_invoked", fields: {}, trace: undefined };
const trace = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", sampled: true };

const env = (protocol: string): Readonly<Record<string, string>> => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: protocol === "HTTP" ? receiver.httpUrl : receiver.grpcUrl,
  OTEL_EXPORTER_OTLP_PROTOCOL: protocol === "HTTP" ? "http/protobuf" : "grpc",
  OTEL_EXPORTER_OTLP_TIMEOUT: "2000",
});

const droppedOf = (exporter: OTLPLogExporter): number =>
  Object.values(exporter.snapshot().dropped).reduce((sum, count) => sum + count, 0);

function expectExact(exporter: OTLPLogExporter, offered: number): void {
  const { delivered, queueSize } = exporter.snapshot();
  expect(delivered + droppedOf(exporter) + queueSize).toBe(offered);
}

describe.each(["HTTP", "gRPC"])("over %s", (protocol) => {
  it("a line becomes a log record: its fields are attributes, and it belongs to its span", async () => {
    const exporter = logExporter(env(protocol));
    await exporter.open();
    const fields = {
      mcp_server: "math",
      duration_ms: 1.5,
      cold_start: true,
      absent: undefined,
      nothing: null,
      message: "it went well",
      at: new Date(TIME_MS),
      changes: [{ tool: "add", attempts: 2 }],
    };
    exporter.offer(() => ({ ...LINE, level: "warning", fields, trace }));
    await exporter.close(60_000);
    expect(receiver.refusals).toEqual([]);
    expect(receiver.logRecords).toEqual([
      {
        resource: {
          "service.name": "mcp-hangar",
          "service.version": VERSION,
          "service.instance.id": INSTANCE,
        },
        scope: { name: "mcp-hangar.log", version: VERSION },
        timeUnixNano: BigInt(TIME_MS) * 1_000_000n,
        observedTimeUnixNano: expect.any(BigInt),
        severityNumber: "SEVERITY_NUMBER_WARN",
        severityText: "warning",
        eventName: "mcp_hangar.log.tool_invoked",
        body: "tool_invoked: it went well",
        attributes: {
          mcp_server: "math",
          duration_ms: 1.5,
          cold_start: true,
          nothing: undefined,
          message: "it went well",
          at: new Date(TIME_MS).toISOString(),
          changes: [{ tool: "add", attempts: 2n }],
        },
        droppedAttributesCount: 0,
        traceId: trace.traceId,
        spanId: trace.spanId,
        flags: 1,
      },
    ]);
  });

  const FAULTS: readonly (readonly [name: string, behaviour: OtlpBehaviour])[] = [
    ["answers 503", { kind: "refuse", httpStatus: 503, grpcCode: grpc.status.UNAVAILABLE }],
    ["hangs", { kind: "hang" }],
    ["resets the connection", { kind: "reset" }],
  ];
  it.each(FAULTS)("a collector that %s gets every line later, in order", async (_name, behaviour) => {
    receiver.behave(behaviour, 2);
    const problems: (string | undefined)[] = [];
    const exporter = logExporter(env(protocol), { random: () => 0, onProblem: (problem) => problems.push(problem) });
    await exporter.open();
    const events = Array.from({ length: 300 }, (_each, index) => `event_${index}`);
    for (const event of events) exporter.offer(() => ({ ...LINE, event }));
    await poll("all lines", () => {
      expectExact(exporter, 300);
      return exporter.snapshot().queueSize === 0;
    });
    await exporter.close(10_000);
    // A batch that was taken too slowly arrives twice.
    expect([...new Set(receiver.logRecords.map(({ body }) => body))]).toEqual(events);
    expect(exporter.snapshot()).toMatchObject({ delivered: 300 });
    // Told once, however many attempts fail.
    expect(problems).toEqual([expect.any(String), undefined]);
  });
});

test("each level has its severity", async () => {
  const exporter = logExporter(env("HTTP"));
  await exporter.open();
  const levels: readonly LineLevel[] = ["debug", "info", "warning", "error", "critical"];
  for (const level of levels) exporter.offer(() => ({ ...LINE, level }));
  await exporter.close(60_000);
  expect(receiver.logRecords.map(({ severityText, severityNumber }) => [severityText, severityNumber])).toEqual([
    ["debug", "SEVERITY_NUMBER_DEBUG"],
    ["info", "SEVERITY_NUMBER_INFO"],
    ["warning", "SEVERITY_NUMBER_WARN"],
    ["error", "SEVERITY_NUMBER_ERROR"],
    ["critical", "SEVERITY_NUMBER_FATAL"],
  ]);
  // Outside a span.
  expect(receiver.logRecords[0]).toMatchObject({ traceId: "", spanId: "" });
});

test("lines for which there is no room and lines that cannot be made are counted, and the others arrive", async () => {
  // Time enough for each attempt: one that is made again may arrive twice.
  const exporter = logExporter({ ...env("HTTP"), OTEL_EXPORTER_OTLP_TIMEOUT: "60000" });
  await exporter.open();
  const ring: { ring?: unknown } = {};
  ring.ring = ring;
  exporter.offer(() => ({ ...LINE, fields: ring }));
  for (let line = 1; line < 20_000; line++) exporter.offer(() => LINE);
  expectExact(exporter, 20_000);
  await poll("all lines that found room", () => exporter.snapshot().queueSize === 0);
  await exporter.close(60_000);
  const { delivered, dropped } = exporter.snapshot();
  expect(dropped).toMatchObject({ queue_full: 20_000 - 16_384, rejected: 1 });
  expect(receiver.logRecords).toHaveLength(delivered);
  expectExact(exporter, 20_000);
});

test("what waits for a collector that hangs is given up at the end, and counted", async () => {
  receiver.behave({ kind: "hang" });
  const exporter = logExporter(env("HTTP"));
  await exporter.open();
  for (let line = 0; line < 10; line++) exporter.offer(() => LINE);
  // Without a deadline it would be tried for five minutes.
  await exporter.close(300);
  expect(exporter.snapshot()).toMatchObject({ delivered: 0, dropped: { shutdown: 10 }, queueSize: 0 });
});
