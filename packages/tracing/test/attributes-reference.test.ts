import { readFile } from "node:fs/promises";
import {
  type CallFinished,
  type HangarEvent,
  LIBRARY_CLIENT,
  type RequestFinished,
  registeredName,
  Sensitive,
} from "@mcp-hangar/telemetry";
import { sampleEvents } from "@mcp-hangar/telemetry/testing";
import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ATTRIBUTE_DESCRIPTIONS, SPAN_KINDS, type SpanType } from "../scripts/attribute-descriptions.ts";
import { attributesReference } from "../scripts/attributes-reference.ts";
import type { TraceExporter } from "../src/index.ts";
import { startExporter } from "./bench.ts";

let receiver: OtlpReceiver;
/** Attributes by the kind of span, as they arrived. */
const arrived = new Map<SpanType, ReadonlySet<string>>();

beforeAll(async () => {
  receiver = await OtlpReceiver.start();
  const payload = { captureArguments: true, captureResults: true, captureCharsMax: 100, argsHashKey: "key" };
  const { exporter } = await startExporter({ endpoint: receiver.httpUrl, payload });
  for (const event of sampleEvents()) tell(exporter, event);
  for (const event of sampleEvents()) {
    // No sample is a server's own error to a request that is no call.
    if (event.type === "request.finished") tell(exporter, { ...event, rpcErrorCode: -32_050 });
  }
  makeOperationAndBatch(exporter);
  await exporter.close(60_000);
  for (const type of Object.keys(SPAN_KINDS) as SpanType[]) {
    const spans = receiver.spans.filter((span) => typeOf(span.name, span.attributes, span.kind) === type);
    arrived.set(type, new Set(spans.flatMap(({ attributes }) => Object.keys(attributes))));
  }
});

afterAll(async () => {
  await receiver?.close();
});

function tell(exporter: TraceExporter, event: HangarEvent): void {
  if (event.type !== "call.finished" && event.type !== "request.finished") return exporter.listener(event);
  const span = exporter.tracer.startCall({
    server: "math",
    tool: undefined,
    method: event.type === "call.finished" ? "tools/call" : event.method,
    origin: "mcp",
    caller: event.caller,
    client: event.client,
    batchId: undefined,
    parent: {},
    link: undefined,
  });
  for (const attempt of event.attempts) span.startAttempt(attempt.server).end(attempt);
  span.end(withPayload(event));
}

function withPayload(event: CallFinished | RequestFinished): CallFinished | RequestFinished {
  if (event.type === "request.finished") return event;
  return { ...event, result: new Sensitive<unknown>({ value: { content: [] }, bytes: undefined }) };
}

function makeOperationAndBatch({ tracer, listener }: TraceExporter): void {
  const [call] = sampleEvents();
  if (call?.type !== "call.finished") throw new Error("the first sample is a call");
  const { caller, client, timeMs } = call;
  const start = { operation: "startServer", caller, client, parent: {}, link: undefined } as const;
  tracer.startOperation({ ...start, tool: "hangar_start", door: "mcp" }).end("unknown_server");
  tracer.startBatch({ batchId: "batch", size: 1, parent: {}, link: undefined }).end("failure");
  // A call that waits for a slot and for a start.
  const server = registeredName("slow");
  listener({
    type: "server.state_changed",
    timeMs,
    server,
    from: "cold",
    to: "initializing",
    cause: "start_requested",
  });
  const span = tracer.startCall({
    server: "slow",
    tool: "add",
    method: "tools/call",
    origin: "mcp",
    caller,
    client: LIBRARY_CLIENT,
    batchId: undefined,
    parent: {},
    link: undefined,
  });
  const [first] = call.attempts;
  if (first === undefined) throw new Error("the first sample has an attempt");
  const attempt = { ...first, server, waitedSeconds: 1, coldStartSeconds: 2 };
  span.startAttempt("slow").end(attempt);
  span.end({ ...call, attempts: [attempt] });
  listener({ type: "server.start_finished", timeMs, server, result: "failure", durationSeconds: 1, diagnosis: "no" });
}

function typeOf(name: string, attributes: Readonly<Record<string, unknown>>, kind: string): SpanType {
  if (name === "server start" || name === "health check" || name === "batch") return name;
  if (name === "cold start" || name === "wait for slot") return "wait";
  if (kind === "SPAN_KIND_CLIENT") return "attempt";
  if ("mcp.operation.name" in attributes) return "operation";
  return attributes["mcp.method.name"] === "tools/call" ? "call" : "request";
}

describe.each(Object.keys(SPAN_KINDS) as SpanType[])("the spans of kind %s", (type) => {
  test("have the attributes that the page says, and no others", () => {
    const promised = Object.entries(ATTRIBUTE_DESCRIPTIONS).flatMap(([name, { on }]) =>
      on.includes(type) ? [name] : [],
    );
    expect([...(arrived.get(type) ?? [])].toSorted()).toEqual(promised.toSorted());
  });
});

test("the committed page is what the table says", async () => {
  const page = await readFile(new URL("../../../docs/reference/attributes.md", import.meta.url), "utf8");
  expect(page, "run pnpm generate").toBe(attributesReference());
});
