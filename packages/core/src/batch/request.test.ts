import { describe, expect, it } from "vitest";
import { z } from "zod";
import { batchRequest, validateBatch } from "./request.ts";

const CALL = { server: "math", tool: "add" };
const calls = (count: number): object[] => Array.from({ length: count }, () => CALL);

function problemsOf(input: unknown): readonly (readonly [index: number | null, field: string])[] {
  const validation = validateBatch(input);
  return validation.kind === "valid" ? [] : validation.problems.map(({ index, field }) => [index, field] as const);
}

describe("validateBatch", () => {
  it("fills in the defaults of the contract", () => {
    expect(validateBatch({ calls: [CALL] })).toEqual({
      kind: "valid",
      request: { calls: [CALL], max_concurrency: 10, timeout: 60, fail_fast: false, max_attempts: 1 },
    });
  });

  it.each([
    ["one call", { calls: calls(1) }],
    ["100 calls", { calls: calls(100) }],
    ["the smallest numbers", { calls: [{ ...CALL, timeout: 1 }], max_concurrency: 1, timeout: 1, max_attempts: 1 }],
    [
      "the largest numbers",
      { calls: [{ ...CALL, timeout: 300 }], max_concurrency: 50, timeout: 300, max_attempts: 10 },
    ],
    ["arguments and _meta of any shape", { calls: [{ ...CALL, arguments: { a: [{}] }, _meta: { traceparent: 1 } }] }],
    [
      "different ids",
      {
        calls: [
          { ...CALL, id: "a" },
          { ...CALL, id: "b" },
        ],
      },
    ],
  ])("accepts %s", (_name, input) => {
    expect(problemsOf(input)).toEqual([]);
  });

  it.each<[string, unknown, readonly (readonly [number | null, string])[]]>([
    ["no object", "calls", [[null, ""]]],
    ["nothing", undefined, [[null, ""]]],
    ["no calls", {}, [[null, "calls"]]],
    ["an empty list", { calls: [] }, [[null, "calls"]]],
    ["101 calls", { calls: calls(101) }, [[null, "calls"]]],
    ["an unknown field", { calls: [CALL], parallel: 3 }, [[null, "parallel"]]],
    [
      "numbers out of range",
      { calls: [CALL], max_concurrency: 51, timeout: 0.5, max_attempts: 11 },
      [
        [null, "max_concurrency"],
        [null, "timeout"],
        [null, "max_attempts"],
      ],
    ],
    [
      "numbers below their range",
      { calls: [CALL], max_concurrency: 0, timeout: 301, max_attempts: 0 },
      [
        [null, "max_concurrency"],
        [null, "timeout"],
        [null, "max_attempts"],
      ],
    ],
    ["fractions", { calls: [CALL], max_concurrency: 1.5 }, [[null, "max_concurrency"]]],
    [
      "faults of several calls, all of them",
      { calls: [CALL, { tool: "" }, 7, { ...CALL, arguments: [], timeout: 301, extra: 1, more: 2 }] },
      [
        [1, "server"],
        [1, "tool"],
        [2, ""],
        [3, "arguments"],
        [3, "timeout"],
        [3, "extra"],
        [3, "more"],
      ],
    ],
    ["an id twice", { calls: [{ ...CALL, id: "a" }, CALL, { ...CALL, id: "a" }] }, [[2, "id"]]],
  ])("refuses %s", (_name, input, problems) => {
    expect(problemsOf(input)).toEqual(problems);
  });

  it("does not look through an endless list, but says how long it was", () => {
    const many = { calls: Array.from({ length: 100_000 }, () => ({})) };
    const validation = validateBatch(many);
    expect(validation).toMatchObject({ kind: "invalid", size: 100_000 });
    // Server and tool of 100 calls, and the length.
    expect(problemsOf(many)).toHaveLength(201);
  });

  it("names the first unknown fields only, when a request is made of them", () => {
    const unknown = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`x${index}`, 1]));
    const calls = [{ server: "math", tool: "add", ...unknown }];
    expect(problemsOf({ calls })).toHaveLength(21);
    const validation = validateBatch({ calls });
    expect(validation.kind === "invalid" && validation.problems.at(-1)).toEqual({
      index: 0,
      field: "",
      message: "there are 980 more fields that do not exist",
    });
  });

  it("has a JSON Schema that says what the limits are", () => {
    expect(z.toJSONSchema(batchRequest, { io: "input" })).toMatchObject({
      type: "object",
      additionalProperties: false,
      required: ["calls"],
      properties: {
        calls: { minItems: 1, maxItems: 100, items: { required: ["server", "tool"] } },
        max_concurrency: { type: "integer", minimum: 1, maximum: 50, default: 10 },
        timeout: { minimum: 1, maximum: 300, default: 60 },
        max_attempts: { type: "integer", minimum: 1, maximum: 10, default: 1 },
        fail_fast: { type: "boolean", default: false },
      },
    });
  });
});
