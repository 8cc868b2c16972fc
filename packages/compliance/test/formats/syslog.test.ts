/** @module-tag openssl */
import { once } from "node:events";
import { connect } from "node:net";
import { AUDIT_TYPES } from "@mcp-hangar/telemetry";
import { poll } from "@mcp-hangar/testing";
import {
  type ReceivedSyslog,
  rsyslog,
  SYSLOG_TRANSPORTS,
  type SyslogProgram,
  SyslogReceiver,
  sendSyslog,
  syslogNg,
} from "@mcp-hangar/testing/syslog";
import { describe, expect, test } from "vitest";
import { AUDIT_FIELDS, fieldOf } from "../../src/formats/audit-fields.ts";
import { fieldText } from "../../src/formats/field-text.ts";
import {
  type AuditEntry,
  CefFormat,
  EcsFormat,
  JsonLinesFormat,
  LeefFormat,
  SyslogEnvelope,
  SyslogFormat,
} from "../../src/index.ts";
import { parseCef } from "./cef-parser.ts";
import { entriesWith, fullEntry, HOSTILE, shown } from "./entries.ts";

const SENDER = { facility: 16, hostname: "gateway.example", appName: "hangar", processId: "4711" };
const PEN = 32_473;
/** What a datagram can carry. */
const DATAGRAM_BYTES_MAX = 65_507;

/** One record of each type with each hostile text, and the usual ones: what receivers are asked to read. */
const entries: readonly AuditEntry[] = [
  ...entriesWith(),
  ...Object.values(HOSTILE).flatMap((text) => [fullEntry(() => text), ...entriesWith(() => text).slice(-3)]),
];

/** What a receiver has of these messages, in their order, over each transport. */
async function received(
  program: SyslogProgram,
  messages: readonly string[],
): Promise<readonly (readonly ReceivedSyslog[])[]> {
  await using receiver = await SyslogReceiver.start(program);
  const results: (readonly ReceivedSyslog[])[] = [];
  for (const by of SYSLOG_TRANSPORTS) {
    const before = receiver.received().length;
    const sent = messages.filter((message) => by !== "udp" || Buffer.byteLength(message) <= DATAGRAM_BYTES_MAX);
    // Datagrams go in small groups, which no buffer of a socket loses.
    const size = by === "udp" ? 5 : sent.length;
    for (let at = 0; at < sent.length; at += size) {
      await sendSyslog(receiver.ports, by, sent.slice(at, at + size));
      const expected = before + Math.min(at + size, sent.length);
      await poll(
        `${expected} messages over ${by}; ${program.name} says: ${receiver.told()}`,
        () => receiver.received().length >= expected,
      );
    }
    // A message that was taken for two is one more.
    await sendSyslog(receiver.ports, by, ["<110>1 - - last - - - -"]);
    await poll(`the last message over ${by}`, () => receiver.received().at(-1)?.appName === "last");
    const result = receiver.received().slice(before, -1);
    expect(result).toHaveLength(sent.length);
    results.push(result);
  }
  return results;
}

function byLength(messages: readonly string[]): readonly string[] {
  return messages.filter((message) => Buffer.byteLength(message) <= DATAGRAM_BYTES_MAX);
}

describe.each([
  ["rsyslog", rsyslog, (data: ReceivedSyslog["data"]) => data],
  // It makes objects of names with dots.
  ["syslog-ng", syslogNg, flat],
] as const)("%s", (tag, program, parametersOf) => {
  test("reads each record out of structured data, over UDP, TCP and TLS", { tags: [tag] }, async () => {
    const format = new SyslogFormat({ ...SENDER, enterpriseNumber: PEN });
    for (const messages of await received(
      program,
      entries.map((entry) => format.encode(entry)),
    )) {
      for (const [index, entry] of entries.entries()) {
        const message = messages[index];
        expect(message).toMatchObject(headerOf(entry));
        expect(message?.message).toBe(AUDIT_TYPES[entry.record.type].description);
        const parameters = parametersOf((message?.data[`mcpHangar@${PEN}`] ?? {}) as ReceivedSyslog["data"]);
        expect(Object.keys(message?.data ?? {})).toEqual([`mcpHangar@${PEN}`]);
        const expected = fieldsOf(entry);
        expect(Object.keys(parameters).toSorted()).toEqual(Object.keys(expected).toSorted());
        for (const [name, whole] of Object.entries(expected)) {
          const given = String(parameters[name]);
          // A long text is cut so that the message fits; what is left is how it begins.
          expect(whole.startsWith(given) && (given === whole || given.length >= 3), `${name}: ${given}`).toBe(true);
        }
      }
    }
  });

  test("reads CEF, LEEF and JSON out of messages as they were written, over UDP, TCP and TLS", {
    tags: [tag],
  }, async () => {
    for (const content of [new CefFormat(), new LeefFormat(), new JsonLinesFormat(), new EcsFormat()]) {
      const format = new SyslogEnvelope(content, SENDER);
      // What was cut is another test's business; here a message must come through as it is.
      const short = entries.filter((entry) => byLength([format.encode(entry)]).length === 1);
      for (const messages of await received(
        program,
        short.map((entry) => format.encode(entry)),
      )) {
        for (const [index, entry] of short.entries()) {
          expect(messages[index]).toMatchObject(headerOf(entry));
          expect(messages[index]?.message).toBe(content.encode(entry));
          expect(messages[index]?.data).toEqual({});
        }
      }
    }
  });
});

test("a framing that ends a message at a line feed has as many messages as were sent", {
  tags: ["rsyslog"],
}, async () => {
  await using receiver = await SyslogReceiver.start(rsyslog);
  const formats = [
    new SyslogFormat(SENDER),
    ...[new CefFormat(), new LeefFormat(), new EcsFormat()].map((content) => new SyslogEnvelope(content, SENDER)),
  ];
  const messages = byLength(entries.flatMap((entry) => formats.map((format) => format.encode(entry))));
  const socket = connect(receiver.ports.tcp, "127.0.0.1");
  for (const message of [...messages, "<110>1 - - last - - - -"]) socket.write(`${message}\n`);
  socket.end();
  await once(socket, "close");
  await poll("the last message", () => receiver.received().at(-1)?.appName === "last");
  const received = receiver.received().slice(0, -1);
  expect(received.every(({ appName }) => appName === SENDER.appName)).toBe(true);
  expect(received).toHaveLength(messages.length);
});

test("liblognorm reads out of CEF what was written", { tags: ["rsyslog"] }, async () => {
  const content = new CefFormat();
  const format = new SyslogEnvelope(content, SENDER);
  const [, messages = []] = await received(
    rsyslog,
    entries.map((entry) => format.encode(entry)),
  );
  for (const [index, entry] of entries.entries()) {
    const { header, extension } = parseCef(content.encode(entry));
    const f = messages[index]?.parsed.f as Readonly<Record<string, unknown>> | undefined;
    const [firstKey = "", ...keys] = Object.keys(extension);
    expect(f).toMatchObject({
      DeviceVendor: header[1],
      DeviceProduct: header[2],
      DeviceVersion: header[3],
      SignatureID: header[4],
      Name: header[5],
      Severity: header[6],
    });
    // It loses the first character of the first key.
    const expected = Object.fromEntries(
      [firstKey.slice(1), ...keys].map((key, at) => [key, Object.values(extension)[at]]),
    );
    expect(f?.Extensions).toEqual(expected);
  }
});

function headerOf({ record }: AuditEntry) {
  return {
    priority: String(16 * 8 + severityOf(record.severity)),
    hostname: "gateway.example",
    appName: "hangar",
    processId: "4711",
    messageId: record.type,
  };
}

/** By the table of the reference. */
function severityOf(severity: number): number {
  return [6, 6, 6, 6, 5, 4, 4, 4, 3, 2, 2][severity] ?? -1;
}

function fieldsOf(entry: AuditEntry): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {};
  for (const field of AUDIT_FIELDS) {
    const value = fieldOf(entry, field);
    if (value !== undefined) fields[field] = shown(fieldText(value));
  }
  return fields;
}

function flat(data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(data).flatMap(([name, value]) =>
      typeof value === "object" && value !== null
        ? Object.entries(flat(value as Readonly<Record<string, unknown>>)).map(([inner, leaf]) => [
            `${name}.${inner}`,
            leaf,
          ])
        : [[name, value]],
    ),
  ) as Readonly<Record<string, unknown>>;
}
