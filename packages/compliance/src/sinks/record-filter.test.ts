import { AUDIT_TYPES } from "@mcp-hangar/telemetry";
import { expect, test } from "vitest";
import { recordOf } from "../../test/sinks/entries.ts";
import { recordFilter } from "./record-filter.ts";

const denied = recordOf(1, {
  type: "tool.call.denied",
  category: "tool",
  severity: 7,
  target: { kind: "tool", server: "math", group: "pool", name: "add" },
});
const started = recordOf(2);

test("without members everything passes", () => {
  expect([denied, started].map(recordFilter({}))).toEqual([true, true]);
});

test.each([
  [{ types: ["tool.call.denied"] }, true, false],
  [{ types: ["tool.call.*"] }, true, false],
  [{ types: ["tool.call.completed"] }, false, false],
  [{ categories: ["gateway"] as const }, false, true],
  [{ severityMin: 7 }, true, false],
  [{ severityMin: 8 }, false, false],
  [{ severityMin: 0 }, true, true],
  [{ servers: ["math"] }, true, false],
  [{ servers: ["pool"] }, true, false],
  [{ servers: ["other"] }, false, false],
  [{ types: ["tool.call.*"], severityMin: 8 }, false, false],
])("%j lets pass what every member lets pass", (filter, passesDenied, passesStarted) => {
  expect([denied, started].map(recordFilter(filter))).toEqual([passesDenied, passesStarted]);
});

test("a pattern ends at a dot", () => {
  const accepts = recordFilter({ types: ["server.*"] });
  const passing = Object.keys(AUDIT_TYPES).filter((type) =>
    // Every key is a type.
    accepts(recordOf(1, { type: type as keyof typeof AUDIT_TYPES })),
  );
  expect(passing.length).toBeGreaterThan(3);
  expect(passing.every((type) => type.startsWith("server."))).toBe(true);
});

test.each([
  [{ types: ["tool.call.denyed"] }, /type "tool.call.denyed"/],
  [{ types: ["tools.*"] }, /type "tools\.\*"/],
  [{ severityMin: 11 }, /from 0 to 10, and never 11/],
  [{ severityMin: Number.NaN }, /from 0 to 10/],
])("%j is refused, because nothing would pass", (filter, message) => {
  expect(() => recordFilter(filter)).toThrow(message);
});
