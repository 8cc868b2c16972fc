import { describe, expect, test } from "vitest";
import { JsonLinesFormat, SyslogEnvelope, SyslogFormat } from "../../src/index.ts";
import { entriesWith, fullEntry, HOSTILE } from "./entries.ts";

describe("a message has at most the bytes that it may have", () => {
  test.each([4_096, 8_000, 65_507])("%i, whatever a record says", (bytesMax) => {
    const format = new SyslogFormat({
      bytesMax,
      hostname: "h".repeat(300),
      appName: "a".repeat(99),
      processId: "p".repeat(200),
    });
    for (const text of Object.values(HOSTILE)) {
      const { record, place } = fullEntry(() => text);
      // Even what only the gateway sets.
      const hostile = { ...record, id: `${record.id}${"😀".repeat(300)}`, trace_id: text, span_id: text };
      expect(Buffer.byteLength(format.encode({ record: hostile, ...(place && { place }) }))).toBeLessThanOrEqual(
        bytesMax,
      );
    }
  });
});

test("what need not be cut is whole, and id and hash always are", () => {
  const long = "x".repeat(1_000);
  const whole = new SyslogFormat({ bytesMax: 65_507 }).encode(fullEntry(() => long));
  expect(whole).toContain(`actor.id="${long}"`);
  const cut = new SyslogFormat().encode(fullEntry(() => long));
  expect(cut).toContain(`actor.id="${"x".repeat(100)}"`);
  expect(cut).toContain(`id="${fullEntry().record.id}"`);
  expect(cut).toContain(`hash="${"0f".repeat(32)}"`);
});

describe("the header", () => {
  test("holds to the lengths and characters of RFC 5424", () => {
    const format = new SyslogEnvelope(new JsonLinesFormat(), {
      hostname: "ho st\n",
      appName: "é".repeat(60),
      processId: "",
      facility: 0,
    });
    const [header = ""] = format.encode(fullEntry()).split(" - {");
    expect(header).toBe(`<4>1 2026-01-31T08:00:00.123Z ho_st_ ${"_".repeat(48)} - tool.call.failed`);
  });

  test("has no time where RFC 3339 has no form for it", () => {
    const time = "+012026-01-31T08:00:00.123Z";
    expect(new SyslogFormat({ hostname: "h" }).encode({ record: { ...fullEntry().record, time } })).toMatch(
      /^<108>1 - h /,
    );
  });

  test("types of all records are short enough to stand in it", () => {
    for (const { record } of entriesWith()) expect(record.type.length).toBeLessThanOrEqual(32);
  });
});

test.each([
  { facility: 24 },
  { facility: 1.5 },
  { facility: -1 },
  { enterpriseNumber: 0 },
  { enterpriseNumber: 1.5 },
  { bytesMax: 480 },
  { bytesMax: 100_000 },
])("%j is refused", (options) => {
  expect(() => new SyslogFormat(options)).toThrow(/: use /);
});
