import { AUDIT_RECORD_SCHEMA } from "@mcp-hangar/telemetry";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { JsonLinesFormat, SplunkHecFormat } from "../../src/index.ts";
import { entriesWith, HOSTILE, hostileEntries } from "./entries.ts";

const isRecord = new Ajv2020({ strict: false }).compile(AUDIT_RECORD_SCHEMA);
/** What ends a line for some reader, or orders a terminal about. */
const CONTROL = /[\p{Cc}\u2028\u2029]/u;

describe.each(Object.entries(HOSTILE))("with %s in every field", (_, hostile) => {
  const entries = hostileEntries(hostile);

  test("a line of JSON gives the record and its place back", () => {
    const format = new JsonLinesFormat();
    for (const entry of entries) {
      const line = format.encode(entry);
      expect(line).not.toMatch(CONTROL);
      expect(JSON.parse(line)).toEqual({ ...wellFormed(entry.record), ...entry.place });
    }
  });

  test("an event of Splunk's collector has the same, when it happened and who wrote it", () => {
    const format = new SplunkHecFormat({ index: "audit", source: hostile });
    const body = entries.map((entry) => format.encode(entry));
    for (const [index, entry] of entries.entries()) {
      const event = body[index] ?? "";
      expect(event).not.toMatch(CONTROL);
      expect(JSON.parse(event)).toEqual({
        time: Date.parse(entry.record.time) / 1_000,
        host: entry.record.instance.toWellFormed(),
        source: hostile.toWellFormed(),
        sourcetype: "mcp_hangar:audit",
        index: "audit",
        event: { ...wellFormed(entry.record), ...entry.place },
        fields: {
          type: entry.record.type,
          code: entry.record.code,
          outcome: entry.record.outcome,
          severity: entry.record.severity,
        },
      });
    }
  });
});

test("a line of JSON without a place is what the published schema describes", () => {
  for (const { record } of entriesWith()) {
    const value: unknown = JSON.parse(new JsonLinesFormat().encode({ record }));
    expect(isRecord(value), JSON.stringify(isRecord.errors)).toBe(true);
  }
});

function wellFormed<Value>(value: Value): Value {
  // The texts alone change.
  return JSON.parse(
    JSON.stringify(value, (_, inner) => (typeof inner === "string" ? inner.toWellFormed() : inner)),
  ) as Value;
}
