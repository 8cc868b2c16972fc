import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../protocol/json-rpc.ts";
import { ResultPayload } from "../../protocol/result-payload.ts";
import { ParamHeaders } from "./param-headers.ts";

function learned(inputSchema: JsonObject): ParamHeaders {
  const headers = new ParamHeaders();
  headers.learn(ResultPayload.ofJson(Buffer.from(JSON.stringify({ tools: [{ name: "t", inputSchema }] }))));
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

  it("ignores marks with a name that is no header name, or on a type that may not be marked", () => {
    const odd = learned({
      properties: { a: { type: "string", "x-mcp-header": "A B" }, b: { type: "number", "x-mcp-header": "B" } },
    });
    expect(headersOf(odd, { a: "x", b: 1 })).toEqual([]);
  });

  it("forgets marks that a later list no longer has", () => {
    const known = learned(SCHEMA);
    known.learn(ResultPayload.ofValue({ tools: [{ name: "t", inputSchema: {} }] }));
    expect(headersOf(known, { region: "x" })).toEqual([]);
  });
});
