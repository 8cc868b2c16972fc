import { createHmac } from "node:crypto";
import { Sensitive } from "@mcp-hangar/telemetry";
import { sampleEvent } from "@mcp-hangar/telemetry/testing";
import { describe, expect, test } from "vitest";
import { argsHash, argsHashOf } from "./args-hash.ts";
import { KeyedHash } from "./keyed-hash.ts";

const digest = (text: string, key = "key"): string => createHmac("sha256", key).update(text).digest("hex");

const key = new KeyedHash("key");
const call = sampleEvent("call.finished");

describe("the digest of arguments", () => {
  test("is that of their canonical JSON, by the key", () => {
    const args = new Sensitive<unknown>({ b: [true, "é"], a: 1 });
    expect(argsHash(args, key)).toBe(digest('{"a":1,"b":[true,"é"]}'));
    expect(argsHash(args, new KeyedHash("other"))).toBe(digest('{"a":1,"b":[true,"é"]}', "other"));
    expect(argsHash(undefined, key)).toBe(digest("{}"));
  });

  test("is there for what has no UTF-8, and for what is no object", () => {
    expect(argsHash(new Sensitive<unknown>({ "\ud800": "a\udfff" }), key)).toBe(digest('{"\ufffd":"a\ufffd"}'));
    expect(argsHash(new Sensitive<unknown>("text"), key)).toBe(digest('["text"]'));
  });

  test("is not made where nothing was sent, nor where it would take long", () => {
    const [attempt] = call.attempts;
    if (attempt === undefined) throw new Error("the sample has no attempt");
    const hashOf = (requestBytes: number | undefined) =>
      argsHashOf({ ...call, attempts: [{ ...attempt, requestBytes }] }, key);
    expect(hashOf(65_536)).toMatch(/^[0-9a-f]{64}$/);
    expect(hashOf(65_537)).toBeUndefined();
    expect(hashOf(undefined)).toBeUndefined();
    expect(argsHashOf({ ...call, attempts: [] }, key)).toBeUndefined();
  });
});
