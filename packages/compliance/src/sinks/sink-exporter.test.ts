import type { SendOutcome } from "@mcp-hangar/delivery";
import { FakeClock } from "@mcp-hangar/delivery/testing";
import { EventIds, TelemetryBus } from "@mcp-hangar/telemetry";
import { sampleEvents } from "@mcp-hangar/telemetry/testing";
import { expect, test } from "vitest";
import { eventOf, INSTANCE, testFormat } from "../../test/sinks/entries.ts";
import { auditRecords } from "./audit-records.ts";
import { callbackSink } from "./callback-sink.ts";
import { SinkExporter, type SinkExporterOptions } from "./sink-exporter.ts";

type Take = (texts: readonly string[]) => SendOutcome | Promise<SendOutcome> | undefined;

function exporterOf(
  clock: FakeClock,
  take: Take,
  changes: Partial<SinkExporterOptions> & { readonly name?: string } = {},
) {
  const { name = "sink", ...options } = changes;
  return new SinkExporter({
    sink: callbackSink({ name, callback: (entries) => take(entries.map(({ text }) => text)) }),
    format: testFormat,
    source: { kind: "bus", recordOf: auditRecords({ ids: new EventIds("r"), instance: INSTANCE }) },
    clock,
    random: () => 0.5,
    ...options,
  });
}

test("nothing is encoded or sent while an event is emitted", async () => {
  const clock = new FakeClock();
  let encoded = 0;
  const sent: string[] = [];
  const format = { ...testFormat, encode: () => String(++encoded) };
  const exporter = exporterOf(clock, (texts) => void sent.push(...texts), { format });
  for (let number = 0; number < 1_000; number++) exporter.listener?.(eventOf(number));
  expect([encoded, sent.length]).toEqual([0, 0]);
  await clock.advance(2_000);
  await exporter.close(1_000);
  expect([encoded, sent.length]).toEqual([1_000, 1_000]);
  expect(clock.pendingTimers).toBe(0);
});

test("a sink that hangs or refuses holds up no other, on one bus", async () => {
  const clock = new FakeClock();
  const bus = new TelemetryBus((_listener, error) => {
    throw error;
  });
  const sent: string[] = [];
  const hanging = exporterOf(clock, () => new Promise(() => undefined), { name: "hanging" });
  const refusing = exporterOf(clock, () => ({ kind: "retry", reason: "rejected" }), { name: "refusing" });
  const well = exporterOf(clock, (texts) => void sent.push(...texts), { name: "well" });
  for (const { name, listener } of [hanging, refusing, well]) if (listener !== undefined) bus.on(name, listener);
  for (let number = 0; number < 700; number++) bus.emit(eventOf(number));
  await clock.advance(5_000);
  expect(sent.length).toBe(700);
  expect([hanging, refusing, well].map((exporter) => exporter.snapshot().queueSize)).toEqual([700, 700, 0]);
  expect([hanging, refusing, well].map((exporter) => exporter.snapshot().exporter)).toEqual([
    "hanging",
    "refusing",
    "well",
  ]);
  expect(well.snapshot()).toMatchObject({ signal: "audit", delivered: 700 });
  const closing = Promise.all([hanging, refusing, well].map((exporter) => exporter.close(1_000)));
  await clock.advance(4_000);
  await closing;
  expect([hanging, refusing].map((exporter) => exporter.snapshot().dropped.shutdown)).toEqual([700, 700]);
});

test("only what the filter lets pass is accepted, and events that are not audited never are", async () => {
  const clock = new FakeClock();
  const sent: string[] = [];
  const all = exporterOf(clock, () => undefined);
  const denials = exporterOf(clock, (texts) => void sent.push(...texts), { filter: { types: ["tool.call.denied"] } });
  const events = sampleEvents();
  for (const event of events) {
    all.listener?.(event);
    denials.listener?.(event);
  }
  await clock.advance(2_000);
  expect(denials.accepted).toBeGreaterThan(0);
  expect(denials.accepted).toBeLessThan(all.accepted);
  expect(all.accepted).toBeLessThan(events.length);
  expect(sent.length).toBe(denials.accepted);
  await Promise.all([all.close(10), denials.close(10)]);
});

test("records beyond the bounds are dropped and counted, the talkative first", async () => {
  const clock = new FakeClock();
  let isUp = false;
  const sent: string[] = [];
  const exporter = exporterOf(
    clock,
    (texts) => {
      if (!isUp) return { kind: "retry", reason: "connection" };
      sent.push(...texts);
      return undefined;
    },
    {
      source: {
        kind: "bus",
        recordOf: auditRecords({ ids: new EventIds("r"), instance: INSTANCE }),
        limits: { recordsMax: 100, bytesMax: 1_000_000 },
      },
    },
  );
  for (let number = 0; number < 150; number++) {
    exporter.listener?.({
      type: "authentication.failed",
      timeMs: number,
      reason: "unknown_api_key",
      remoteAddress: "192.0.2.66",
      door: "mcp",
      origin: "mcp",
    });
  }
  for (let number = 0; number < 20; number++) exporter.listener?.(eventOf(number));
  expect(exporter.snapshot()).toMatchObject({ queueSize: 100, dropped: { queue_full: 70 } });
  isUp = true;
  await clock.advance(60_000);
  expect(exporter.snapshot()).toMatchObject({ delivered: 100, queueSize: 0 });
  expect(sent.filter((text) => text.includes("message ")).length).toBe(20);
  await exporter.close(10);
});

test("one is told at once when records begin to wait, once, and when they arrive again", async () => {
  const clock = new FakeClock();
  const problems: (string | undefined)[] = [];
  let isUp = false;
  const exporter = exporterOf(
    clock,
    () => (isUp ? undefined : { kind: "retry", reason: "rejected", message: "refused", retryAfterMs: 100_000 }),
    {
      onProblem: (problem) => problems.push(problem),
    },
  );
  exporter.listener?.(eventOf(1));
  // The receiver wants to be left alone for longer.
  await clock.advance(60_000);
  expect(problems).toEqual(["refused"]);
  await clock.advance(120_000);
  expect(problems).toEqual(["refused"]);
  expect(exporter.health()).toMatchObject({ status: "degraded", message: expect.stringContaining('"sink"') });
  isUp = true;
  await clock.advance(200_000);
  expect(problems).toEqual(["refused", undefined]);
  expect(exporter.health()).toEqual({ status: "healthy" });
  await exporter.close(10);
});

test("exporters of one source share the record of an event", () => {
  const recordOf = auditRecords({ ids: new EventIds("r"), instance: INSTANCE });
  const event = eventOf(1);
  expect(recordOf(event)).toBeDefined();
  expect(recordOf(event)).toBe(recordOf(event));
  expect(recordOf(eventOf(1))).not.toBe(recordOf(event));
});

test("a sink that does not let go holds nobody at the end", async () => {
  const clock = new FakeClock();
  const sink = {
    ...callbackSink({ name: "sink", callback: () => undefined }),
    close: () => new Promise<void>(() => undefined),
  };
  const exporter = exporterOf(clock, () => undefined, { sink });
  let isClosed = false;
  void exporter.close(100).then(() => {
    isClosed = true;
  });
  await clock.advance(5_000);
  expect(isClosed).toBe(true);
  expect(clock.pendingTimers).toBe(0);
});
