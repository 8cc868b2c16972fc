import { join } from "node:path";
import { Spool } from "@mcp-hangar/delivery/spool";
import type { OTLPAuditExporter } from "@mcp-hangar/otlp-audit";
import { auditRecordOf, type HangarEvent } from "@mcp-hangar/telemetry";
import { poll } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { auditExporter } from "./exporter-under-test.ts";
import { withCollector } from "./with-collector.ts";

const around = withCollector();

function exporter(): OTLPAuditExporter {
  const spool = { folder: join(around.folder, "spool"), bytesMax: 10_000_000, whenFull: "drop_oldest" } as const;
  return auditExporter({ OTEL_EXPORTER_OTLP_ENDPOINT: around.receiver.httpUrl }, { spool });
}

const STARTED: HangarEvent = { type: "gateway.started", timeMs: 1_769_846_400_000, version: "of this release" };

test("of two exporters with the same folder the second says what to do, and the first goes on", async () => {
  const first = exporter();
  await first.open();
  const second = exporter();
  await expect(second.open()).rejects.toThrow(
    /^the spool of audit records: .*spool belongs to process \d+; give each process a folder of its own$/,
  );
  await second.close(0);
  first.listener(STARTED);
  await poll("the record to arrive", () => first.snapshot().delivered === 1);
  await first.close(60_000);
  const third = exporter();
  await third.open();
  await third.close(60_000);
});

test("records of another release are sent as far as they can be read, others are counted, and nothing waits behind them", async () => {
  const opened = await Spool.open({
    folder: join(around.folder, "spool"),
    segmentBytesMax: 2_500_000,
    bytesMax: 10_000_000,
    whenFull: "drop_oldest",
    consumers: ["exporter"],
  });
  if (opened.kind === "failed") throw new Error(opened.message);
  const ours = auditRecordOf(STARTED, { id: "of-another-release", instance: "another" });
  if (ours === undefined) throw new Error("a start is audited");
  const record = {
    ...ours,
    schema_version: "99.0",
    type: "gateway.added_later",
    target: { ...ours.target, name: "of another release", colour: "red" },
    added_later: { a: [1, 2, 3] },
  };
  const entries: readonly unknown[] = [
    { kind: "record", record, observedMs: STARTED.timeMs, added_later: true },
    { kind: "summary", observedMs: STARTED.timeMs },
    { kind: "record", record: {}, observedMs: STARTED.timeMs },
    { kind: "record", record: { ...record, target: null }, observedMs: STARTED.timeMs },
    ["no entry"],
  ];
  for (const entry of entries) await opened.spool.append(Buffer.from(JSON.stringify(entry)));
  await opened.spool.append(Buffer.from([0xff, 0xfe, 0x00]));
  await opened.spool.close();

  const later = exporter();
  await later.open();
  later.listener(STARTED);
  await poll("everything to be sent or dropped", () => later.snapshot().queueSize === 0);
  expect(around.names()).toEqual(expect.arrayContaining(["of another release", "of this release"]));
  const { delivered, dropped } = later.snapshot();
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  expect(lost).toBeGreaterThanOrEqual(3);
  expect(delivered + lost).toBe(later.accepted);
  await later.close(60_000);
});
