import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Sensitive } from "@mcp-hangar/telemetry";
import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SpanProtocol, TraceExporter } from "../src/index.ts";
import { accountedFor, failure, makeCall, startExporter, total } from "./bench.ts";

const CALLS = 20;
/** What the gateway gives its exporters to end, in ms. */
const DEADLINE_MS = 500;

let receiver: OtlpReceiver;
let exporter: TraceExporter;

beforeEach(async () => {
  receiver = await OtlpReceiver.start();
});

afterEach(async () => {
  await exporter?.close(0);
  await receiver.close();
});

/** Returns what the exporter has to say of itself. */
async function start(protocol: SpanProtocol, env: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const endpoint = protocol === "grpc" ? receiver.grpcUrl : receiver.httpUrl;
  const started = await startExporter({ endpoint, protocol, env });
  exporter = started.exporter;
  return started.diagnostics;
}

function expectExact(): void {
  expect(accountedFor(exporter.snapshot())).toBe(exporter.accepted);
}

function makeCalls(): void {
  for (let i = 0; i < CALLS; i++) makeCall(exporter);
}

describe.each<SpanProtocol>(["http/protobuf", "grpc"])("a collector over %s", (protocol) => {
  test("gets every span once", async () => {
    await start(protocol);
    makeCalls();
    await expect.poll(() => receiver.spans.length).toBe(CALLS);
    await expect.poll(() => exporter.snapshot().delivered).toBe(CALLS);
    const { dropped, failures, queueSize } = exporter.snapshot();
    expect([total(dropped), total(failures), queueSize]).toEqual([0, 0, 0]);
    expect(new Set(receiver.spans.map(({ spanId }) => spanId)).size).toBe(CALLS);
    expect(receiver.exports[0]?.protocol).toBe(protocol === "grpc" ? "grpc" : "http");
  });

  test("that is unavailable for a while gets them later, and the failure is counted", async () => {
    await start(protocol, { OTEL_EXPORTER_OTLP_TIMEOUT: "500" });
    receiver.behave({ kind: "refuse", httpStatus: 503, grpcCode: 14 }, 2);
    makeCalls();
    await expect.poll(() => exporter.snapshot().delivered).toBe(CALLS);
    expect(receiver.spans).toHaveLength(CALLS);
    expect(total(exporter.snapshot().failures)).toBeGreaterThan(0);
    expect(total(exporter.snapshot().dropped)).toBe(0);
  });

  test.each([
    ["500", { kind: "refuse", httpStatus: 500, grpcCode: 13 }],
    ["401", { kind: "refuse", httpStatus: 401, grpcCode: 16 }],
  ] as const)(
    "that refuses with %s, for which no span can be blamed, gets them when it is mended",
    async (_status, behaviour) => {
      const diagnostics = await start(protocol);
      receiver.behave(behaviour);
      makeCalls();
      await expect.poll(() => exporter.snapshot().failures.rejected).toBeGreaterThan(0);
      expect(exporter.snapshot()).toMatchObject({ delivered: 0, queueSize: CALLS });
      await expect
        .poll(() => diagnostics)
        .toEqual([expect.stringMatching(/^warning: spans do not arrive: the collector/)]);
      receiver.behave({ kind: "accept" });
      await expect.poll(() => exporter.snapshot().delivered).toBe(CALLS);
      expect(receiver.spans).toHaveLength(CALLS);
      expect(diagnostics).toHaveLength(2);
      expectExact();
    },
  );

  test("that refuses what it cannot read gets it no more, and it is counted as rejected", async () => {
    await start(protocol);
    receiver.behave({ kind: "refuse", httpStatus: 400, grpcCode: 3 });
    makeCalls();
    await expect.poll(() => exporter.snapshot().dropped.rejected).toBe(CALLS);
    expectExact();
    expect(receiver.attempts).toBe(exporter.snapshot().failures.rejected);
  });

  test("that rejects some of them has the others, and the accounts say so", async () => {
    await start(protocol, {
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      // All of them are one batch, however long a busy machine takes to make them.
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: String(CALLS),
      OTEL_BSP_SCHEDULE_DELAY: "60000",
    });
    receiver.behave({ kind: "partial", rejected: 3, message: "too old" }, 1);
    makeCalls();
    await expect.poll(() => exporter.snapshot().queueSize).toBe(0);
    expect(exporter.snapshot()).toMatchObject({
      delivered: CALLS - 3,
      dropped: { rejected: 3 },
      failures: { rejected: 1 },
    });
    expectExact();
  });

  test("that breaks connections gets them when it stops doing so", async () => {
    await start(protocol, { OTEL_EXPORTER_OTLP_TIMEOUT: "500" });
    receiver.behave({ kind: "reset" }, 1);
    makeCalls();
    await expect.poll(() => exporter.snapshot().delivered).toBe(CALLS);
    expect(receiver.spans).toHaveLength(CALLS);
  });

  test("that is slow gets all of them, however many come meanwhile", async () => {
    await start(protocol);
    receiver.behave({ kind: "slow", delayMs: 100 });
    makeCalls();
    await expect.poll(() => receiver.attempts).toBeGreaterThan(0);
    makeCalls();
    await expect.poll(() => exporter.snapshot().delivered).toBe(2 * CALLS);
    expect(receiver.spans).toHaveLength(2 * CALLS);
  });

  test("that hangs does not hold the end of the gateway, and what it got counts as lost", async () => {
    await start(protocol);
    receiver.behave({ kind: "hang" });
    makeCalls();
    await expect.poll(() => receiver.attempts).toBe(1);
    makeCalls();
    // The collector never answers: only the deadline ends it.
    await exporter.close(DEADLINE_MS);
    expect(exporter.snapshot()).toMatchObject({ delivered: 0, dropped: { shutdown: 2 * CALLS }, queueSize: 0 });
    expectExact();
  });

  test("that is not there does not hold the end of the gateway either", async () => {
    const nobody = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => nobody.once("listening", resolve));
    // A TCP server's address is an AddressInfo once it listens.
    const { port } = nobody.address() as AddressInfo;
    await new Promise((resolve) => nobody.close(resolve));
    ({ exporter } = await startExporter({
      endpoint: `http://127.0.0.1:${port}`,
      protocol,
      env: { OTEL_EXPORTER_OTLP_TIMEOUT: "200" },
    }));
    makeCalls();
    await expect.poll(() => exporter.snapshot().failures.connection).toBeGreaterThan(0);
    // It would be tried for five minutes otherwise.
    await exporter.close(DEADLINE_MS);
    expect(exporter.snapshot()).toMatchObject({ delivered: 0, dropped: { shutdown: CALLS } });
  });

  test("gets what waits at the end", async () => {
    await start(protocol, { OTEL_BSP_SCHEDULE_DELAY: "60000" });
    makeCalls();
    await exporter.close(5_000);
    expect(receiver.spans).toHaveLength(CALLS);
    expect(exporter.snapshot()).toMatchObject({ delivered: CALLS, queueSize: 0 });
  });
});

test("a full queue drops what does not fit, and every span is accounted for", async () => {
  await start("http/protobuf", { OTEL_BSP_MAX_QUEUE_SIZE: "25", OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "10" });
  receiver.behave({ kind: "hang" });
  makeCalls();
  makeCalls();
  await expect.poll(() => exporter.snapshot().dropped.queue_full).toBe(2 * CALLS - 25);
  expect(accountedFor(exporter.snapshot())).toBe(2 * CALLS);
});

test("of 5 000 calls with arguments of 10 MB, while the collector hangs, a handful is held, and all are accounted for", async () => {
  const payload = { captureArguments: true, captureResults: false, captureCharsMax: 4_096, argsHashKey: undefined };
  ({ exporter } = await startExporter({ endpoint: receiver.httpUrl, payload }));
  receiver.behave({ kind: "hang" });
  const attempts = failure.attempts.map((attempt) => ({ ...attempt, requestBytes: 10_000_000 }));
  const given: WeakRef<object>[] = [];
  for (let call = 0; call < 5_000; call++) {
    const args = { rows: Array.from({ length: 200 }, (_each, row) => ({ row, call })) };
    given.push(new WeakRef(args));
    makeCall(exporter, { ...failure, attempts, arguments: new Sensitive<unknown>(args) }, undefined, attempts);
    if (call % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expectExact();
  expect(exporter.snapshot().dropped.queue_full).toBeGreaterThan(0);
  await new Promise((resolve) => setImmediate(resolve));
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  // 64 MiB of drafts, and one that is being made.
  expect(given.filter((args) => args.deref() !== undefined).length).toBeLessThanOrEqual(7);
  receiver.behave({ kind: "accept" });
  await exporter.close(0);
  expectExact();
  expect(exporter.snapshot().queueSize).toBe(0);
});

test("spans of calls with several attempts, in a queue that is full of bytes, are accounted for one by one", async () => {
  // Arguments make them large; a result would be cut.
  const payload = { captureArguments: true, captureResults: false, captureCharsMax: 65_536, argsHashKey: undefined };
  ({ exporter } = await startExporter({ endpoint: receiver.httpUrl, payload }));
  receiver.behave({ kind: "hang" });
  const large = { ...failure, arguments: new Sensitive<unknown>({ text: "x ".repeat(32_000) }) };
  const calls = 700;
  for (let call = 0; call < calls; call++) {
    makeCall(exporter, large, undefined, large.attempts);
    if (call % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    expectExact();
  }
  expect(exporter.accepted).toBeGreaterThanOrEqual(calls * (1 + large.attempts.length));
  await expect.poll(() => exporter.snapshot().dropped.queue_full).toBeGreaterThan(0);
  expectExact();
  receiver.behave({ kind: "accept" });
  await exporter.close(0);
  expectExact();
  expect(exporter.snapshot().queueSize).toBe(0);
});
