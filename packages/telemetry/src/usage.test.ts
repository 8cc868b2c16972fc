import { describe, expect, it } from "vitest";
import { knownSecrets } from "./redaction/index.ts";
import { isJsonPointer, USAGE_POINTERS, usageReader } from "./usage.ts";

const read = usageReader(USAGE_POINTERS, "USD");

describe("what a server says of its usage", () => {
  it("is read in the names of the conventions and in plain ones", () => {
    const conventions = {
      "gen_ai.response.model": "large-1",
      "gen_ai.usage.input_tokens": 120,
      "gen_ai.usage.output_tokens": 30,
    };
    expect(read(conventions)).toEqual({ model: "large-1", inputTokens: 120, outputTokens: 30 });
    const plain = { cost: 0.25, currency: "EUR", model: "small", usage: { input_tokens: 0, output_tokens: 7 } };
    expect(read(plain)).toEqual({ cost: 0.25, currency: "EUR", model: "small", inputTokens: 0, outputTokens: 7 });
  });

  it("is in the configured currency where it names none, and in none where none is configured", () => {
    expect(read({ cost: 1 })).toEqual({ cost: 1, currency: "USD" });
    expect(usageReader(USAGE_POINTERS, undefined)({ cost: 1 })).toEqual({ cost: 1 });
  });

  it("holds no half of a secret where the name of the model is cut", () => {
    const secret = "sk-live-0123456789abcdefghijklmnopqrstuv";
    knownSecrets.replace("usage test", [secret]);
    const { model } = read({ cost: 1, model: `${"m".repeat(180)}${secret}` }) ?? {};
    knownSecrets.replace("usage test", []);
    expect(model).toMatch(/^m{180}/);
    expect(model).not.toContain("sk-live");
    expect(model?.length).toBeLessThanOrEqual(201);
  });

  it("is nothing where it says nothing, and nothing is made up", () => {
    for (const meta of [{}, { model: "large-1" }, { usage: 7 }, { usage: null }, { currency: "EUR" }, []]) {
      expect(read(meta)).toBeUndefined();
    }
  });

  it.each([
    [{ cost: -1 }],
    [{ cost: Number.NaN }],
    [{ cost: 1e12 }],
    [{ cost: "1" }],
    [{ usage: { input_tokens: 1.5 } }],
    [{ usage: { output_tokens: -2 } }],
    [JSON.parse('{"__proto__": {"cost": 1}}') as object],
    [Object.create({ cost: 1 }) as object],
  ])("counts as none where it is no number that can be: %o", (meta) => {
    expect(read(meta)).toBeUndefined();
  });

  it("is found by pointers of the operator, with names that have a slash", () => {
    const pointers = { ...USAGE_POINTERS, cost: ["/example.com~1billing/price~0total", "/cost"] };
    const custom = usageReader(pointers, undefined);
    expect(custom({ "example.com/billing": { "price~total": 3 }, cost: 4 })).toEqual({ cost: 3 });
    expect(custom({ "example.com/billing": { "price~total": "three" }, cost: 4 })).toEqual({ cost: 4 });
    expect(["/a", "/a/b", "/a~1b", "/"].every(isJsonPointer)).toBe(true);
    expect(["", "a", "a/b", "/a~2"].some(isJsonPointer)).toBe(false);
  });
});
