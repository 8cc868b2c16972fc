import { type AuditRecord, auditRecordOf } from "@mcp-hangar/telemetry";
import { sampleEvent, sampleEvents } from "@mcp-hangar/telemetry/testing";
import { expect, test } from "vitest";
import type { AuditEntry } from "../audit-entry.ts";
import { JsonLinesFormat } from "../formats/json-lines.ts";
import { entryOfLine, makeLine } from "./line.ts";

const format = new JsonLinesFormat();
const HOSTILE = [
  "",
  "plain",
  "\0\u001f",
  "\u007f",
  "\u0085\u009f",
  '"quoted" \\ back\\\\slash',
  "\r\n\t\b\f",
  "\u2028\u2029",
  "🦜 and ü and \ufffe",
  "\ud800 alone, \udc00 alone",
  ',"previous":"',
  `","previous":"${"a".repeat(64)}","`,
];

function recordsWith(text: string): readonly AuditRecord[] {
  const events = sampleEvents((usual) => `${usual}${text}`);
  return events.flatMap((event) => auditRecordOf(event, { id: `id${text.toWellFormed()}`, instance: "run" }) ?? []);
}

function madeEntry(record: AuditRecord): AuditEntry {
  const entry = entryOfLine(makeLine(record, { sequence: 11, hash: "a".repeat(64) }).bytes);
  if (entry === undefined) throw new Error("it was made a moment ago");
  return entry;
}

test.each(HOSTILE)("a sink's line has the record, its number and its own hash, whatever its texts are: %j", (text) => {
  for (const record of recordsWith(text)) {
    const entry = madeEntry(record);
    const { json, place } = entry;
    expect(place).toEqual({ sequence: 12, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(JSON.parse(String(json))).toEqual({ ...record, ...place });
    expect(Buffer.byteLength(String(json))).toBe(json?.length);
  }
});

test.each(HOSTILE)(
  "the bytes of a line are its text, and are handed on where no control character is in them: %j",
  (text) => {
    for (const record of recordsWith(text)) {
      const entry = madeEntry(record);
      const written = format.written(entry);
      const encoded = format.encode(entry);
      const isPlain = /^[ -~]*$/.test(JSON.stringify(record));
      expect(written !== undefined).toBe(isPlain);
      if (written === undefined) continue;
      const target = Buffer.alloc(written.length + 2, "#");
      written.copyTo(target, 1);
      expect(target.toString()).toBe(`#${encoded}#`);
    }
  },
);

test("nothing was written where a record comes of no journal, or is not what this release knows", () => {
  const record = auditRecordOf(sampleEvent("call.finished"), { id: "id", instance: "run" });
  if (record === undefined) throw new Error("calls are audited");
  expect(format.written({ record })).toBeUndefined();
  const later = { ...record, later: "x" };
  expect(format.written(madeEntry(later))).toBeUndefined();
});
