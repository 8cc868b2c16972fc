import { poll } from "@mcp-hangar/testing";
import { describe, expect, it } from "vitest";
import { type AuditFormat, StreamSyslogSink, UdpSyslogSink, WebhookSink } from "../../src/index.ts";
import { systemClock, testFormat } from "./entries.ts";
import { emit, expectExact, exporterOver, failuresOf } from "./exporter-under-test.ts";
import { type OpenRig, openS3, openSplunk, openTcp, openWebhook } from "./rigs.ts";

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

describe.each(SINKS)("%s", (_sink, open, isHttp) => {
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
