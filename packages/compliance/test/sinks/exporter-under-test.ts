import { EventIds, type ExporterSnapshot } from "@mcp-hangar/telemetry";
import { expect } from "vitest";
import { type AuditSink, auditRecords, SinkExporter, type SinkExporterOptions } from "../../src/index.ts";
import { eventOf, INSTANCE, systemClock, testFormat } from "./entries.ts";

/** An exporter that tries again soon. */
export function exporterOver(sink: AuditSink, changes: Partial<SinkExporterOptions> = {}): SinkExporter {
  const ids = new EventIds("r");
  return new SinkExporter({
    sink,
    format: testFormat,
    source: { kind: "bus", recordOf: auditRecords({ ids, instance: INSTANCE }) },
    batch: { recordsMax: 50, bytesMax: 1_000_000, delayMs: 10 },
    // A busy machine must not make a healthy receiver look slow.
    attemptTimeoutMs: 20_000,
    retry: { baseMs: 20, maxMs: 200 },
    clock: systemClock,
    random: Math.random,
    ...changes,
  });
}

/** Has so many events happen; the ids of their records are `r-e1`, `r-e2` and so on. */
export function emit(exporter: SinkExporter, count: number, begin = 1, text?: (number: number) => string): void {
  for (let number = begin; number < begin + count; number++) exporter.listener?.(eventOf(number, text?.(number)));
}

export function eventIds(count: number, begin = 1): readonly string[] {
  return Array.from({ length: count }, (_each, at) => `r-e${begin + at}`);
}

export function droppedOf({ dropped }: ExporterSnapshot): number {
  return Object.values(dropped).reduce((sum, records) => sum + records, 0);
}

export function failuresOf({ failures }: ExporterSnapshot): number {
  return Object.values(failures).reduce((sum, attempts) => sum + attempts, 0);
}

/** What was accepted is delivered, dropped or queued. */
export function expectExact(exporter: SinkExporter): void {
  const snapshot = exporter.snapshot();
  expect(snapshot.delivered + droppedOf(snapshot) + snapshot.queueSize).toBe(exporter.accepted);
}
