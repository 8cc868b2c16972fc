import { describe, expect, test } from "vitest";
import { AUDIT_FIELDS, fieldOf } from "../../src/formats/audit-fields.ts";
import { fieldText } from "../../src/formats/field-text.ts";
import { leefPlace } from "../../src/formats/leef.ts";
import { type AuditEntry, LeefFormat } from "../../src/index.ts";
import { entriesWith, first, fullEntry, HOSTILE, shown } from "./entries.ts";

/** Reads a record as the guide of LEEF says: split at five pipes, then at the delimiter, then at the first equals sign. */
function parseLeef(line: string) {
  const [version, vendor, product, productVersion, eventId, delimiter = "", ...rest] = line.split("|");
  const character = /^x[0-9a-f]{2}$/.test(delimiter)
    ? String.fromCharCode(Number.parseInt(delimiter.slice(1), 16))
    : delimiter;
  const pairs = rest
    .join("|")
    .split(character)
    .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)] as const);
  const attributes = Object.fromEntries(pairs);
  expect(Object.keys(attributes)).toHaveLength(pairs.length);
  return { header: [version, vendor, product, productVersion, eventId], delimiter, attributes };
}

const PRODUCT = { vendor: "Ven|dor", name: "Product", version: "1.2.3" };

function expected(entry: AuditEntry, delimiter: string): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = { sev: String(Math.max(1, entry.record.severity)) };
  for (const field of AUDIT_FIELDS) {
    const value = fieldOf(entry, field);
    const [key = "", otherwise = key] = leefPlace(field).replace(" (from 1)", "").split(", ");
    if (value === undefined || key.startsWith("in the header")) continue;
    const text = shown(first(field === "actor.id" ? 255 : 4_000, fieldText(value))).replaceAll(delimiter, "?");
    if (field === "time") attributes.devTime = String(Date.parse(text));
    else if (field === "actor.address" && text !== "192.0.2.7") attributes[otherwise] = text;
    else attributes[key] = text;
  }
  return attributes;
}

describe.each([
  ["^", "^"],
  ["x09", "\t"],
  ["0x5E", "^"],
  ["~", "~"],
])("with the delimiter %s", (delimiter, character) => {
  const format = new LeefFormat({ delimiter, product: PRODUCT });

  test.each([["what is usual", undefined] as const, ...Object.entries(HOSTILE)])(
    "every type of record with %s is read back",
    (_, text) => {
      for (const entry of text === undefined ? entriesWith() : [fullEntry(() => text)]) {
        const line = format.encode(entry);
        expect(line.replaceAll(character, "")).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        const parsed = parseLeef(line);
        expect(parsed.header).toEqual(["LEEF:2.0", "Ven/dor", "Product", "1.2.3", entry.record.code]);
        expect(parsed.attributes).toEqual(expected(entry, character));
      }
    },
  );
});

test("the header names the delimiter, and a tab by its code", () => {
  expect(parseLeef(new LeefFormat({ delimiter: "\t" }).encode(fullEntry())).delimiter).toBe("x09");
  expect(parseLeef(new LeefFormat().encode(fullEntry())).delimiter).toBe("^");
});

test.each(["", "^^", "=", "|", "a", "7", " ", "\n", "x0a", "?", "é", "\\"])(
  "the delimiter %j is refused",
  (delimiter) => {
    expect(() => new LeefFormat({ delimiter })).toThrow(/cannot separate attributes of LEEF: use/);
  },
);

test("an address that is none of IP does not stand in src", () => {
  const { record } = fullEntry();
  const attributesOf = (address: string) =>
    parseLeef(new LeefFormat().encode({ record: { ...record, actor: { ...record.actor, address } } })).attributes;
  expect(attributesOf("2001:db8::7").src).toBe("2001:db8::7");
  expect(attributesOf("math-server")).toMatchObject({ srcHost: "math-server" });
  expect(attributesOf("math-server").src).toBeUndefined();
});

test("a time without thirteen digits of milliseconds stands as text, which devTime may not be", () => {
  const { record } = fullEntry();
  const { attributes } = parseLeef(
    new LeefFormat().encode({ record: { ...record, time: "1970-01-01T00:00:00.001Z" } }),
  );
  expect(attributes).toMatchObject({ time: "1970-01-01T00:00:00.001Z" });
  expect(attributes.devTime).toBeUndefined();
});
