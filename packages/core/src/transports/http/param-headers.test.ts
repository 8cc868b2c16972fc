import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../protocol/json-rpc.ts";
import { ResultPayload, summarise } from "../../protocol/result-payload.ts";
import { ParamHeaders } from "./param-headers.ts";

function page(...schemas: readonly JsonObject[]): ResultPayload {
  const tools = schemas.map((inputSchema, index) => ({ name: index === 0 ? "t" : `t${index}`, inputSchema }));
  const value = { tools, ttlMs: 0 };
  return ResultPayload.ofJson(Buffer.from(JSON.stringify(value)), summarise(value));
}

function learned(inputSchema: JsonObject): ParamHeaders {
  const headers = new ParamHeaders(() => {});
  headers.learn(page(inputSchema));
  return headers;
}

function headersOf(known: ParamHeaders, args: JsonObject): string[] {
  const list: string[] = [];
  known.add(list, { name: "t", arguments: args });
  return list;
}

const SCHEMA: JsonObject = {
  type: "object",
  properties: {
    region: { type: "string", "x-mcp-header": "Region" },
    nested: { type: "object", properties: { dry: { type: "boolean", "x-mcp-header": "Dry" } } },
    count: { type: "integer", "x-mcp-header": "Count" },
    plain: { type: "string" },
  },
};

describe("ParamHeaders", () => {
  it("repeats marked arguments at any depth, encoded where they are not plain ASCII", () => {
    expect(headersOf(learned(SCHEMA), { region: "köln", nested: { dry: false }, count: 3, plain: "x" })).toEqual([
      "Mcp-Param-Region",
      `=?base64?${Buffer.from("köln").toString("base64")}?=`,
      "Mcp-Param-Dry",
      "false",
      "Mcp-Param-Count",
      "3",
    ]);
  });

  it("leaves out what is absent, null, of another type, or only inherited", () => {
    expect(headersOf(learned(SCHEMA), { region: null, nested: "x", count: 1e300 })).toEqual([]);
    const odd = learned({ properties: { constructor: { type: "string", "x-mcp-header": "C" } } });
    expect(headersOf(odd, {})).toEqual([]);
  });

  it.each<[string, JsonObject]>([
    ["is empty", { properties: { a: { type: "string", "x-mcp-header": "" } } }],
    ["is no text", { properties: { a: { type: "string", "x-mcp-header": 1 } } }],
    ["is no header name", { properties: { a: { type: "string", "x-mcp-header": "A B" } } }],
    ["is on a number", { properties: { a: { type: "number", "x-mcp-header": "A" } } }],
    ["is on an object", { properties: { a: { type: "object", "x-mcp-header": "A" } } }],
    ["is on the schema itself", { type: "string", "x-mcp-header": "A" }],
    [
      "is in an array's items",
      { properties: { a: { type: "array", items: { type: "string", "x-mcp-header": "A" } } } },
    ],
    ["is in a branch", { anyOf: [{ properties: { a: { type: "string", "x-mcp-header": "A" } } }] }],
    ["is in a definition", { $defs: { d: { type: "string", "x-mcp-header": "A" } } }],
    [
      "is given twice in different case",
      { properties: { a: { type: "string", "x-mcp-header": "A" }, b: { type: "string", "x-mcp-header": "a" } } },
    ],
  ])("leaves a tool out, and says so once, when a mark %s", (_, schema) => {
    const lines: string[] = [];
    const headers = new ParamHeaders((line) => void lines.push(line));
    const list = page(schema, SCHEMA);
    expect(headers.learn(list).value).toMatchObject({ tools: [{ name: "t1" }], ttlMs: 0 });
    expect(headers.learn(list).value.tools).toHaveLength(1);
    headers.learn(list);
    expect(lines).toEqual([expect.stringContaining("tool t is left out")]);
  });

  it("takes what looks like a mark in an example or as a property's name for what it is", () => {
    const schema = { properties: { "x-mcp-header": { type: "string", default: { "x-mcp-header": 1 } } } };
    const list = page(schema);
    expect(new ParamHeaders(() => {}).learn(list)).toBe(list);
  });

  it("forgets marks that a later list no longer has", () => {
    const known = learned(SCHEMA);
    known.learn(ResultPayload.ofValue({ tools: [{ name: "t", inputSchema: {} }] }));
    expect(headersOf(known, { region: "x" })).toEqual([]);
  });
});
