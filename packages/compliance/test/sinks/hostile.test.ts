import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { poll } from "@mcp-hangar/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AuditFormat, type AuditSink, FileSink, StreamSyslogSink, WebhookSink } from "../../src/index.ts";
import { systemClock } from "./entries.ts";
import { emit, exporterOver } from "./exporter-under-test.ts";
import { HttpReceiver, linesOf } from "./http-receiver.ts";
import { OctetReceiver } from "./octet-receiver.ts";

/** What a format that hides nothing would write: whatever could end a record, or begin another. */
const HOSTILE: readonly string[] = [
  "a\nforged",
  "a\r\nforged\r\n",
  "\n\n\n",
  "12 forged",
  "a\n12 forged",
  "<134>1 2026-01-01T00:00:00Z host app - - - forged",
  "nul\0byte",
  "\u2028 \u2029 \u0085 \u000b \u000c",
  "\ud800 lone \udfff",
  "\u202e right to left 😀",
  '"}\n{"forged":true}',
  "x".repeat(100_000),
  "é😀".repeat(30_000),
];

/** Each record has the text of its number. */
const format: AuditFormat = {
  name: "hostile",
  mediaType: "text/plain",
  encode: ({ record }) => `#${record.id} ${HOSTILE[(Number(record.id.slice(3)) - 1) % HOSTILE.length]}`,
};

/** What is to arrive of each: one record, with spaces in the place of what would end it. */
const EXPECTED = HOSTILE.map((text, at) => `#r-e${at + 1} ${text.replaceAll(/[\r\n\0]+/g, " ").toWellFormed()}`);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-hostile-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function sendTo(sink: AuditSink): Promise<void> {
  const exporter = exporterOver(sink, { format });
  emit(exporter, HOSTILE.length);
  await exporter.close(60_000);
  expect(exporter.snapshot()).toMatchObject({ delivered: HOSTILE.length, queueSize: 0 });
}

test("no text forges a line of a file", async () => {
  const path = join(folder, "audit.log");
  await sendTo(new FileSink({ name: "file", path, clock: systemClock }));
  expect(linesOf(readFileSync(path, "utf8"))).toEqual(EXPECTED);
});

test("no text forges a message of syslog", async () => {
  const receiver = await OctetReceiver.start();
  const { port } = receiver;
  const to = { name: "tcp", host: "127.0.0.1", port, clock: systemClock, random: Math.random };
  await sendTo(new StreamSyslogSink({ ...to, messageBytesMax: 200_000 }));
  await poll("the messages", () => receiver.messages.length >= HOSTILE.length);
  expect(receiver.messages).toEqual(EXPECTED);
  expect(receiver.violations).toEqual([]);
  await receiver.close();
});

test("no text forges a line of a body", async () => {
  const receiver = await HttpReceiver.start(() => ({ status: 200 }));
  await sendTo(new WebhookSink({ name: "hook", url: receiver.url, mediaType: "text/plain", clock: systemClock }));
  expect(receiver.requests.flatMap(({ text }) => linesOf(text))).toEqual(EXPECTED);
  await receiver.close();
});
