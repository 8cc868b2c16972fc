import type { IncomingMessage } from "node:http";
import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { inputReader } from "./rest-input.ts";

const CALLER: Caller = { type: "local", id: registeredName("local"), roles: [], credential: "local" };

const read = inputReader(
  z.object({
    id: z.string().optional(),
    count: z.int().optional(),
    share: z.number().optional(),
    on: z.boolean().default(false),
    names: z.array(z.string()).optional(),
    numbers: z.array(z.int()).optional(),
    any: z.unknown().optional(),
  }),
);

function input(query: string, body = "", params: Record<string, string> = {}): unknown {
  const result = read({
    // Nothing of it is read.
    http: {} as IncomingMessage,
    caller: CALLER,
    params,
    query: new URLSearchParams(query),
    body: Buffer.from(body),
    signal: new AbortController().signal,
  });
  return "kind" in result ? result.message : result.input;
}

describe("text of a path or query", () => {
  it.each([
    ["count=12", { count: 12 }],
    ["count=-3&share=0.25", { count: -3, share: 0.25 }],
    ["on=true", { on: true }],
    ["on=false", { on: false }],
    ["on=yes", { on: "yes" }],
    ["count=0x10", { count: "0x10" }],
    ["count=1e9", { count: "1e9" }],
    ["count=", { count: "" }],
    ["count=1&count=2", { count: ["1", "2"] }],
    ["names=a&names=b", { names: ["a", "b"] }],
    ["names=a", { names: ["a"] }],
    ["numbers=1&numbers=x", { numbers: [1, "x"] }],
    ["id=12", { id: "12" }],
    ["other=1", { other: "1" }],
    ["", {}],
  ])("%s means %j", (query, expected) => {
    expect(input(query)).toEqual(expected);
  });
});

describe("path, query and body", () => {
  it("together are the input", () => {
    expect(input("count=1", '{"on":true}', { id: "x" })).toEqual({ id: "x", count: 1, on: true });
  });

  it.each([
    ["id=y", "", { id: "x" }],
    ["", '{"id":"y"}', { id: "x" }],
    ["id=y", '{"id":"y"}', {}],
  ])("must not name a field twice: %s %s %j", (query, body, params) => {
    expect(input(query, body, params)).toMatch(/id: it is given more than once/);
  });

  it.each([
    ["{", /the body is no JSON/],
    ["[1]", /must be a JSON object/],
    ["null", /must be a JSON object/],
    ["\xff", /the body is no JSON/],
    [`{"any":${"[".repeat(5_000)}${"]".repeat(5_000)}}`, /nested deeper than 1000 levels/],
  ])("a body that is no object is refused: %#", (body, message) => {
    expect(input("", body)).toMatch(message);
  });

  it("keep numbers that no double holds as they came", () => {
    expect(JSON.stringify(input("", '{"any":[12345678901234567890,1]}'))).toBe('{"any":[12345678901234567890,1]}');
  });

  it("keep a field by the name of a prototype apart from prototypes", () => {
    const result = input("", '{"__proto__":{"on":true}}');
    expect(Object.keys(result as object)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
  });
});
