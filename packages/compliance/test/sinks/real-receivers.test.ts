/** @module-tag openssl */
import { setImmediate as turn } from "node:timers/promises";
import { AUDIT_TYPES } from "@mcp-hangar/telemetry";
import { poll } from "@mcp-hangar/testing";
import {
  type ReceivedSyslog,
  rsyslog,
  SYSLOG_TRANSPORTS,
  type SyslogProgram,
  SyslogReceiver,
  type SyslogTransport,
  syslogNg,
} from "@mcp-hangar/testing/syslog";
import { describe, expect, test } from "vitest";
import {
  type AuditEntry,
  type AuditExporter,
  type AuditExporterOptions,
  type AuditFormat,
  CEFExporter,
  CefFormat,
  JSONLinesExporter,
  JsonLinesFormat,
  LEEFExporter,
  LeefFormat,
  SyslogExporter,
} from "../../src/index.ts";
import { entriesWith, fullEntry, HOSTILE } from "../formats/entries.ts";
import { distinct, recordOf } from "./entries.ts";
import { failuresOf } from "./exporter-under-test.ts";

const SENDER = { hostname: "gateway.example", appName: "hangar" };
/** What sinks send at most, unless they are told otherwise. */
const MESSAGE_BYTES_MAX = { udp: 8_192, tcp: 65_536, tls: 65_536 };
/** Of the header before the content. */
const HEADER_BYTES_MAX = 200;
const CUT = " [cut]";

/** One record of every kind, and one with each hostile text in every field; each has a number of its own. */
const entries: readonly AuditEntry[] = [
  ...entriesWith(),
  ...Object.values(HOSTILE).map((text) => fullEntry(() => text)),
].map(({ record }, at) => ({ record, place: { sequence: at + 1, hash: "0f".repeat(32) } }));

interface Kind {
  readonly name: string;
  readonly create: (options: AuditExporterOptions) => AuditExporter;
  /** What the receiver is to have for the message. */
  readonly content: AuditFormat;
}

/** In the envelope of RFC 5424. */
const ENVELOPED: readonly Kind[] = [
  { name: "CEF", create: (options) => new CEFExporter(options), content: new CefFormat() },
  { name: "LEEF", create: (options) => new LEEFExporter(options), content: new LeefFormat() },
  { name: "JSON", create: (options) => new JSONLinesExporter(options), content: new JsonLinesFormat() },
];

function optionsFor(receiver: SyslogReceiver, by: SyslogTransport): AuditExporterOptions {
  const syslog = `${by}://127.0.0.1:${receiver.ports[by]}`;
  return {
    output: { syslog, sender: SENDER, ...(by === "tls" && { tls: { caFile: receiver.caFile } }) },
    // No buffer of a socket loses so few datagrams.
    batch: { recordsMax: by === "udp" ? 5 : 256, bytesMax: 500_000, delayMs: 1 },
    // A busy machine must not make a healthy receiver look slow.
    attemptTimeoutMs: 60_000,
    retry: { baseMs: 20, maxMs: 200 },
  };
}

/** What the receiver has of all entries, once each, in the order in which it came first. */
async function sendAll(receiver: SyslogReceiver, exporter: AuditExporter): Promise<readonly ReceivedSyslog[]> {
  const before = receiver.received().length;
  for (const { record, place } of entries) expect(exporter.export(record, place)).toBe(true);
  await exporter.close(60_000);
  expect(exporter.snapshot()).toMatchObject({ delivered: entries.length, queueSize: 0 });
  await poll(
    `${entries.length} messages; the receiver says: ${receiver.told()}`,
    () => receiver.received().length >= before + entries.length,
  );
  const got = receiver.received().slice(before);
  return distinct(got.map((message) => JSON.stringify(message))).map((text) => JSON.parse(text) as ReceivedSyslog);
}

function parametersOf(message: ReceivedSyslog): Readonly<Record<string, unknown>> {
  return (message.data["mcpHangar@32473"] ?? {}) as Readonly<Record<string, unknown>>;
}

/** Exports records without a pause while the receiver is ended and started again, and expects each of them to arrive. */
async function surviveRestart(program: SyslogProgram, by: "tcp" | "tls", signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  await using receiver = await SyslogReceiver.start(program);
  const exporter = new JSONLinesExporter(optionsFor(receiver, by));
  let exported = 0;
  let isGoing = true;
  const going = (async () => {
    while (isGoing) {
      while (exporter.snapshot().queueSize < 600) {
        exported += 1;
        exporter.export(recordOf(exported));
      }
      await turn();
    }
  })();
  await poll("records to arrive", () => receiver.received().length > 300);
  await receiver.stop(signal);
  const whenDown = exported;
  await receiver.startAgain();
  await poll("records to be exported again", () => exported > whenDown + 600);
  isGoing = false;
  await going;
  expect(await exporter.flush(60_000)).toBe(true);
  const idsOf = (messages: readonly ReceivedSyslog[]): readonly string[] =>
    messages.map(({ message }) => (JSON.parse(message) as { readonly id: string }).id);
  await poll(`all records; the receiver says: ${receiver.told()}`, () => {
    return new Set(idsOf(receiver.received())).size === exported;
  });
  // Whole, each at least once, and in their order: what comes again comes before what is new.
  expect(distinct(idsOf(receiver.received()))).toEqual(Array.from({ length: exported }, (_each, at) => `r-${at + 1}`));
  await exporter.close(10_000);
  expect(exporter.snapshot()).toMatchObject({ delivered: exported, queueSize: 0 });
}

describe.each([
  ["rsyslog", rsyslog],
  ["syslog-ng", syslogNg],
] as const)("%s has", (tag, program) => {
  test("every record as CEF, LEEF and JSON, whole and in order, over UDP, TCP and TLS", { tags: [tag] }, async () => {
    await using receiver = await SyslogReceiver.start(program);
    for (const by of SYSLOG_TRANSPORTS) {
      for (const { name, create, content } of ENVELOPED) {
        const messages = await sendAll(receiver, create(optionsFor(receiver, by)));
        expect(messages, `${name} over ${by}`).toHaveLength(entries.length);
        for (const [at, entry] of entries.entries()) {
          const got = messages[at];
          if (got === undefined) throw new Error("there is one for each");
          const { message, appName, messageId } = got;
          const whole = content.encode(entry);
          expect({ appName, messageId }).toEqual({ appName: SENDER.appName, messageId: entry.record.type });
          if (Buffer.byteLength(whole) + HEADER_BYTES_MAX < MESSAGE_BYTES_MAX[by]) expect(message).toBe(whole);
          // The message says that it was cut.
          else
            expect(
              message === whole || (message.endsWith(CUT) && whole.startsWith(message.slice(0, -CUT.length))),
            ).toBe(true);
        }
      }
    }
  });

  test("every record as structured data, over UDP, TCP and TLS", { tags: [tag] }, async () => {
    await using receiver = await SyslogReceiver.start(program);
    for (const by of SYSLOG_TRANSPORTS) {
      const messages = await sendAll(receiver, new SyslogExporter({ ...optionsFor(receiver, by), syslog: SENDER }));
      // Id first and hash last: what lies between has arrived, too.
      const got = messages.map((message) => ({ ...parametersOf(message), message: message.message }));
      expect(got).toMatchObject(
        entries.map(({ record, place }) => ({
          id: record.id,
          sequence: String(place?.sequence),
          hash: place?.hash,
          message: AUDIT_TYPES[record.type].description,
        })),
      );
    }
  });

  test.each([
    ["tcp", "SIGTERM"],
    ["tcp", "SIGKILL"],
    ["tls", "SIGTERM"],
    ["tls", "SIGKILL"],
  ] as const)("over %s every record also when it is restarted with %s in the middle", { tags: [tag] }, (by, signal) =>
    surviveRestart(program, by, signal),
  );
});

test("what is sent over UDP while the receiver is away waits, as far as the system tells, and arrives", {
  tags: ["rsyslog"],
}, async () => {
  await using receiver = await SyslogReceiver.start(rsyslog);
  const exporter = new JSONLinesExporter(optionsFor(receiver, "udp"));
  await receiver.stop("SIGTERM");
  for (let number = 1; number <= 40; number++) exporter.export(recordOf(number));
  await poll("a failure", () => failuresOf(exporter.snapshot()) > 1);
  expect(exporter.snapshot()).toMatchObject({ delivered: 0, queueSize: 40 });
  await receiver.startAgain();
  await poll("the records", () => new Set(receiver.received().map(({ message }) => message)).size === 40);
  await exporter.close(10_000);
  expect(exporter.snapshot()).toMatchObject({ delivered: 40, queueSize: 0 });
});
