import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "../../protocol/json-rpc.ts";
import { ResultPayload } from "../../protocol/result-payload.ts";
import { seededRandom } from "../../testing/index.ts";
import { paramHeaderMismatch } from "./param-header-check.ts";
import { ParamHeaders } from "./param-headers.ts";

const TOOL: JsonObject = {
  name: "t",
  inputSchema: {
    type: "object",
    properties: {
      region: { type: "string", "x-mcp-header": "Region" },
      nested: { type: "object", properties: { dry: { type: "boolean", "x-mcp-header": "Dry" } } },
      count: { type: "integer", "x-mcp-header": "Count" },
    },
  },
};

function check(args: JsonValue | undefined, headers: Readonly<Record<string, string>>) {
  return paramHeaderMismatch(TOOL, args, (name) => headers[name]);
}

describe("the headers of a call", () => {
  it.each<[what: string, args: JsonObject, headers: Record<string, string>]>([
    ["an argument as it is", { region: "eu" }, { "mcp-param-region": "eu" }],
    ["an argument in base64", { region: "Hello" }, { "mcp-param-region": "=?base64?SGVsbG8=?=" }],
    ["what only begins like base64", { region: "=?base64?SGVsbG8=" }, { "mcp-param-region": "=?base64?SGVsbG8=" }],
    ["a number written otherwise", { count: 42 }, { "mcp-param-count": "42.0" }],
    ["nothing of what is null", { region: null }, {}],
    ["nothing of what no header can carry", { count: 1e300, nested: "x" }, {}],
    ["headers of other names", { region: "eu" }, { "mcp-param-region": "eu", "mcp-param-other": "x" }],
  ])("agree with the body when they repeat %s", (_what, args, headers) => {
    expect(check(args, headers)).toBeUndefined();
  });

  it.each<[what: string, args: JsonObject | undefined, headers: Record<string, string>]>([
    ["is missing", { region: "eu" }, {}],
    ["says something else", { region: "eu" }, { "mcp-param-region": "us" }],
    ["differs in case", { region: "eu" }, { "mcp-param-region": "EU" }],
    ["has base64 without padding", { region: "Hello" }, { "mcp-param-region": "=?base64?SGVsbG8?=" }],
    ["has base64 with other characters", { region: "Hello" }, { "mcp-param-region": "=?base64?SGVs!!!bG8=?=" }],
    ["has no argument", {}, { "mcp-param-region": "eu" }],
    ["has no arguments at all", undefined, { "mcp-param-region": "eu" }],
    ["is another number", { count: 42 }, { "mcp-param-count": "43" }],
    ["is no number", { count: 42 }, { "mcp-param-count": "0x2a" }],
    ["of a nested argument is missing", { nested: { dry: false } }, {}],
  ])("do not agree with the body when one %s", (_what, args, headers) => {
    expect(check(args, headers)).toBeDefined();
  });

  it("agree with any arguments when the gateway itself writes them, and with no others", () => {
    const written = new ParamHeaders(() => {});
    written.learn(ResultPayload.ofValue({ tools: [TOOL] }));
    const random = seededRandom(11);
    const TEXTS = ["eu", "", " x", "köln", "=?base64?eA==?=", "a\tb", "\u0000", "0", "-1.0"] as const;
    for (let round = 0; round < 500; round++) {
      const args: JsonObject = {
        ...(random.chance(0.7) && { region: random.pick([...TEXTS]) }),
        ...(random.chance(0.5) && { count: random.pick([0, -3, 2 ** 53, 1.5, 7]) }),
        ...(random.chance(0.5) && { nested: { dry: random.pick([true, false, null, "x"]) } }),
      };
      const list: string[] = [];
      written.add(list, { name: "t", arguments: args });
      const headers: Record<string, string> = {};
      for (let at = 0; at < list.length; at += 2) headers[(list[at] ?? "").toLowerCase()] = list[at + 1] ?? "";
      expect(check(args, headers), JSON.stringify(args)).toBeUndefined();
      const [one] = Object.keys(headers);
      if (one === undefined) continue;
      expect(check(args, { ...headers, [one]: `${headers[one]}x` })).toBeDefined();
      const { [one]: _left, ...rest } = headers;
      expect(check(args, rest)).toBeDefined();
    }
  });
});
