import { createHmac } from "node:crypto";
import { Sensitive } from "@mcp-hangar/telemetry";
import { describe, expect, test } from "vitest";
import { type PayloadOptions, payloadAttributes } from "./payload.ts";

const NOTHING: PayloadOptions = {
  captureArguments: false,
  captureResults: false,
  captureCharsMax: 200,
  argsHashKey: undefined,
};
const ALL: PayloadOptions = { ...NOTHING, captureArguments: true, captureResults: true };

function payload(args: unknown, result?: unknown): Parameters<typeof payloadAttributes>[0] {
  return {
    arguments: new Sensitive<unknown>(args),
    result: result === undefined ? undefined : new Sensitive<unknown>(result),
  };
}

describe("the payload of a call", () => {
  test("stays out of its span unless it is asked for", () => {
    expect(payloadAttributes(payload({ a: 1 }, { value: { b: 2 } }), 100, NOTHING)).toEqual({});
  });

  test("is shown as JSON, without the secrets that its keys and its texts give away", () => {
    const args = {
      city: "Berlin",
      password: "hunter2-hunter2",
      note: "use Bearer abcdefghijklmnopqrstuvwxyz0123456789",
    };
    const shown = payloadAttributes(
      payload(args, { bytes: undefined, value: { api_key: "s3cr3t-s3cr3t", ok: true } }),
      9,
      ALL,
    );
    const text = String(shown["gen_ai.tool.call.arguments"]);
    expect(text).toContain('"city":"Berlin"');
    expect(text).not.toContain("hunter2");
    expect(text).not.toContain("abcdefghijklmnopqrstuvwxyz0123456789");
    expect(shown["gen_ai.tool.call.result"]).toBe('{"api_key":"[redacted]","ok":true}');
  });

  test("is cut, and a large result is not built to be cut", () => {
    const bytes = Buffer.from(JSON.stringify({ text: "x".repeat(1_000_000) }));
    const value = {
      bytes,
      get value(): never {
        throw new Error("it was parsed");
      },
    };
    const shown = String(payloadAttributes(payload({}, value), 9, ALL)["gen_ai.tool.call.result"]);
    expect(shown).toHaveLength(201);
    expect(shown.endsWith("…")).toBe(true);
  });

  test("has a digest of its canonical form, by the key", () => {
    const options = { ...NOTHING, argsHashKey: "key" };
    const digest = createHmac("sha256", "key").update('{"a":1,"b":[true,"é"]}').digest("hex");
    expect(payloadAttributes(payload({ b: [true, "é"], a: 1 }), 50, options)).toEqual({ "mcp.tool.args_hash": digest });
    expect(payloadAttributes(payload({ b: [true, "é"], a: 1 }), 50, { ...options, argsHashKey: "other" })).not.toEqual({
      "mcp.tool.args_hash": digest,
    });
  });

  test("has none when nothing was sent, and when canonical JSON would take long", () => {
    const options = { ...NOTHING, argsHashKey: "key" };
    expect(payloadAttributes(payload({ a: 1 }), undefined, options)).toEqual({});
    expect(payloadAttributes(payload({ a: 1 }), 65_537, options)).toEqual({});
  });
});
