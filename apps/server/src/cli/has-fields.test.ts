import { describe, expect, it } from "vitest";
import { hasFields } from "./has-fields.ts";

describe("hasFields", () => {
  it.each([
    ["all fields, and one more", { id: "a", count: 1, extra: true }, true],
    ["a missing field", { id: "a" }, false],
    ["a field of another type", { id: "a", count: "1" }, false],
    ["an inherited field", Object.create({ id: "a", count: 1 }), false],
    ["null", null, false],
    ["a text", "id", false],
    ["nothing", undefined, false],
  ])("judges %s", (_name, value, expected) => {
    expect(hasFields(value, { id: "string", count: "number" })).toBe(expected);
  });

  it("tells arrays from objects", () => {
    expect(hasFields({ list: [] }, { list: "array" })).toBe(true);
    expect(hasFields({ list: {} }, { list: "array" })).toBe(false);
    expect(hasFields({ about: {} }, { about: "object" })).toBe(true);
    expect(hasFields({ about: [] }, { about: "object" })).toBe(false);
    expect(hasFields({ about: null }, { about: "object" })).toBe(false);
  });
});
