import { poll } from "@mcp-hangar/testing";
import { describe, expect, it } from "vitest";
import { type AuditFormat, StreamSyslogSink, UdpSyslogSink, WebhookSink } from "../../src/index.ts";
import { distinct, systemClock, testFormat } from "./entries.ts";
import { droppedOf, emit, eventIds, expectExact, exporterOver, failuresOf } from "./exporter-under-test.ts";
import { type Fault, type OpenRig, openS3, openSplunk, openTcp, openWebhook } from "./rigs.ts";

const RECORDS = 600;
/** Together more than systems buffer, where a fault shows only then. */
const longFormat: AuditFormat = {
  ...testFormat,
  encode: ({ record: { id } }) => JSON.stringify({ id, pad: "p".repeat(20_000) }),
};

const SINKS: readonly (readonly [name: string, open: OpenRig, isHttp: boolean])[] = [
  ["syslog over TCP", openTcp, false],
  ["a webhook", openWebhook, true],
  ["Splunk", openSplunk, true],
  ["object storage", openS3, true],
];

/** What befalls receivers, and for what reasons attempts may fail then; `undefined` where none needs to fail. */
const FAULTS: readonly (readonly [name: string, fault: Fault, reasons: readonly string[] | undefined])[] = [
  ["refuses connections", { kind: "refused" }, ["connection"]],
  ["hangs", { kind: "broken", http: { kind: "hang" }, octets: { kind: "hang" } }, ["timeout", "connection"]],
  ["is slow", { kind: "broken", http: { kind: "slow", delayMs: 100 }, octets: { kind: "slow" } }, undefined],
  [
    "resets in the middle of a batch",
    { kind: "broken", http: { kind: "reset" }, octets: { kind: "reset", afterBytes: 300_001 } },
    ["connection"],
  ],
  ["resets instead of answering", { kind: "broken", http: { kind: "reset_after" } }, ["connection"]],
  ["answers 503", { kind: "broken", http: { kind: "answer", answer: { status: 503 } } }, ["rejected"]],
  ["answers 500", { kind: "broken", http: { kind: "answer", answer: { status: 500 } } }, ["rejected"]],
  ["answers 401", { kind: "broken", http: { kind: "answer", answer: { status: 401 } } }, ["rejected"]],
];

describe.each(SINKS)("%s", (_sink, open, isHttp) => {
  const faults = FAULTS.filter(([, fault]) => isHttp || fault.kind === "refused" || fault.octets !== undefined);

  it.each(faults)(
    "that %s gets every record whole and in order when it is well again",
    async (_name, fault, reasons) => {
      const rig = await open(fault);
      const exporter = exporterOver(rig.sink, {
        format: isHttp ? testFormat : longFormat,
        ...(reasons?.includes("timeout") && { attemptTimeoutMs: 500 }),
      });
      emit(exporter, RECORDS);
      await poll("the fault", () => {
        expectExact(exporter);
        return reasons === undefined ? exporter.snapshot().delivered > 0 : failuresOf(exporter.snapshot()) >= 2;
      });
      await rig.mend();
      await poll("all records", () => {
        expectExact(exporter);
        return exporter.snapshot().queueSize === 0 && distinct(rig.ids()).length === RECORDS;
      });
      expect(distinct(rig.ids())).toEqual(eventIds(RECORDS));
      const { delivered, failures } = exporter.snapshot();
      expect(delivered).toBe(RECORDS);
      expect(droppedOf(exporter.snapshot())).toBe(0);
      const seen = Object.entries(failures).flatMap(([reason, count]) => (count > 0 ? [reason] : []));
      if (reasons !== undefined) expect(reasons).toEqual(expect.arrayContaining(seen));
      await exporter.close(10_000);
      expectExact(exporter);
      await rig.close();
    },
  );

  it("that hangs holds nobody at the end, and what it does not have is counted", async () => {
    const rig = await open({ kind: "broken", http: { kind: "hang" }, octets: { kind: "hang" } });
    const exporter = exporterOver(rig.sink, { format: isHttp ? testFormat : longFormat });
    emit(exporter, 2_000);
    await exporter.close(300);
    const { delivered, queueSize, dropped } = exporter.snapshot();
    expect([queueSize, delivered + (dropped.shutdown ?? 0)]).toEqual([0, 2_000]);
    expect(dropped.shutdown).toBeGreaterThan(0);
    expectExact(exporter);
    await rig.close();
  });
});

describe("a name that does not exist", () => {
  it.each([
    [
      "syslog over TCP",
      new StreamSyslogSink({ name: "tcp", host: "siem.invalid", port: 514, clock: systemClock, random: Math.random }),
    ],
    ["syslog over UDP", new UdpSyslogSink({ name: "udp", host: "siem.invalid", port: 514, clock: systemClock })],
    [
      "a webhook",
      new WebhookSink({
        name: "hook",
        url: new URL("https://siem.invalid/"),
        mediaType: "text/plain",
        clock: systemClock,
      }),
    ],
  ])("makes records wait: %s", async (_name, sink) => {
    const problems: (string | undefined)[] = [];
    const exporter = exporterOver(sink, { attemptTimeoutMs: 30_000, onProblem: (problem) => problems.push(problem) });
    emit(exporter, 10);
    await poll("two failures", () => failuresOf(exporter.snapshot()) >= 2 && problems.length > 0);
    expect(problems[0]).toMatch(/siem\.invalid.*(ENOTFOUND|EAI_AGAIN)/);
    expect(exporter.snapshot()).toMatchObject({ delivered: 0, queueSize: 10 });
    await exporter.close(10);
    expectExact(exporter);
    expect(exporter.snapshot()).toMatchObject({ dropped: { shutdown: 10 } });
  });
});
