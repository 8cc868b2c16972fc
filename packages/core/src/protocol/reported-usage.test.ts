import { USAGE_POINTERS, usageReader } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { decodeMessage } from "./decode.ts";
import { reportedUsage } from "./reported-usage.ts";
import type { ResultPayload } from "./result-payload.ts";

const read = usageReader(USAGE_POINTERS, "USD");
const META = { cost: 0.5, usage: { input_tokens: 12 } };
const USAGE = { cost: 0.5, currency: "USD", inputTokens: 12 };

/** The result of a response of about `bytes`, as a server sends it. */
function resultOf(bytes: number, meta: unknown): ResultPayload {
  const result = { content: [{ type: "text", text: "x".repeat(bytes) }], _meta: meta };
  const message = decodeMessage(Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 1, result })));
  if (message.kind !== "response") throw new Error(`not a response: ${message.kind}`);
  return message.result;
}

describe("the usage that a server reports", () => {
  it.each([
    ["built", 10],
    ["cut out of its message", 10_000],
    ["scanned", 300_000],
  ])("is read of a result that is %s", (_how, bytes) => {
    expect(reportedUsage(resultOf(bytes, META), read)).toEqual(USAGE);
    expect(reportedUsage(resultOf(bytes, undefined), read)).toBeUndefined();
    expect(reportedUsage(resultOf(bytes, "free"), read)).toBeUndefined();
  });

  it("is not looked for in a large result whose _meta is large itself, which would have to be parsed", () => {
    const meta = { ...META, padding: "x".repeat(20_000) };
    expect(reportedUsage(resultOf(10_000, meta), read)).toEqual(USAGE);
    expect(reportedUsage(resultOf(300_000, meta), read)).toBeUndefined();
  });

  it("is not looked for where nobody wants to know", () => {
    expect(reportedUsage(resultOf(10, META), undefined)).toBeUndefined();
  });
});
