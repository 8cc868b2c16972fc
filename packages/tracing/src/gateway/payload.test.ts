import { createHmac } from "node:crypto";
import { KeyedHash } from "@mcp-hangar/delivery";
import { type Attempt, AttributeList, registeredName, Sensitive, type SpanAttributes } from "@mcp-hangar/telemetry";
import { describe, expect, test } from "vitest";
import { heldPayload, type Payload, type PayloadSettings, putPayload } from "./payload.ts";

const NOTHING: PayloadSettings = {
  captureArguments: false,
  captureResults: false,
  captureCharsMax: 200,
  hash: undefined,
};
const ATTEMPT: Attempt = {
  server: registeredName("math"),
  mode: "remote",
  protocolVersion: undefined,
  address: undefined,
  waitedSeconds: 0,
  coldStartSeconds: undefined,
  upstreamSeconds: 0,
  requestBytes: undefined,
  responseBytes: undefined,
  code: "success",
};
const ALL: PayloadSettings = { ...NOTHING, captureArguments: true, captureResults: true };

function payload(args: unknown, result?: unknown, requestBytes?: number): Payload {
  return {
    arguments: new Sensitive<unknown>(args),
    result: result === undefined ? undefined : new Sensitive<unknown>(result),
    requestBytes,
    bytes: 0,
  };
}

function payloadAttributes(payload: Payload, options: PayloadSettings): SpanAttributes {
  const list = new AttributeList();
  putPayload(list, payload, options);
  return list.toObject();
}

describe("the payload of a call", () => {
  test("stays out of its span unless it is asked for", () => {
    expect(payloadAttributes(payload({ a: 1 }, { value: { b: 2 } }, 100), NOTHING)).toEqual({});
  });

  test("is shown as JSON, without the secrets that its keys and its texts give away", () => {
    const args = {
      city: "Berlin",
      password: "hunter2-hunter2",
      note: "use Bearer abcdefghijklmnopqrstuvwxyz0123456789",
    };
    const shown = payloadAttributes(
      payload(args, { bytes: undefined, value: { api_key: "s3cr3t-s3cr3t", ok: true } }, 9),
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
    const shown = String(payloadAttributes(payload({}, value, 9), ALL)["gen_ai.tool.call.result"]);
    expect(shown).toHaveLength(201);
    expect(shown.endsWith("…")).toBe(true);
  });

  test("is read as far as it is shown, however much there is", () => {
    let read = 0;
    const row = Object.defineProperty({}, "cell", {
      enumerable: true,
      get() {
        read += 1;
        return "x".repeat(10);
      },
    });
    // Some 20 MB of JSON each.
    const rows = Array.from({ length: 1_000_000 }, () => row);
    const shown = payloadAttributes(payload({ rows }, { bytes: undefined, value: { rows } }, 20_000_000), ALL);
    expect(String(shown["gen_ai.tool.call.arguments"])).toMatch(/^\{"rows":\[\{"cell":"x{10}"\}.*…$/);
    expect(shown["gen_ai.tool.call.result"]).toBe(shown["gen_ai.tool.call.arguments"]);
    expect(read).toBeLessThan(2 * ALL.captureCharsMax);
  });

  test("has a digest of its canonical form, by the key", () => {
    const options = { ...NOTHING, hash: new KeyedHash("key") };
    const digest = createHmac("sha256", "key").update('{"a":1,"b":[true,"é"]}').digest("hex");
    expect(payloadAttributes(payload({ b: [true, "é"], a: 1 }, undefined, 50), options)).toEqual({
      "mcp.tool.args_hash": digest,
    });
    expect(
      payloadAttributes(payload({ b: [true, "é"], a: 1 }, undefined, 50), { ...options, hash: new KeyedHash("other") }),
    ).not.toEqual({
      "mcp.tool.args_hash": digest,
    });
  });

  test("has none when nothing was sent, and when canonical JSON would take long", () => {
    const options = { ...NOTHING, hash: new KeyedHash("key") };
    expect(payloadAttributes(payload({ a: 1 }), options)).toEqual({});
    expect(payloadAttributes(payload({ a: 1 }, undefined, 65_537), options)).toEqual({});
  });
});

describe("what of a payload is held until its span is made", () => {
  const [args, result] = [new Sensitive<unknown>({}), new Sensitive<unknown>({})];
  const held = (options: Partial<PayloadSettings>, sizes: { requestBytes?: number; responseBytes?: number }) =>
    heldPayload({ arguments: args, result, attempts: [{ ...ATTEMPT, ...sizes }] }, { ...NOTHING, ...options });
  const sizes = { requestBytes: 100, responseBytes: 1_000 };

  test("is nothing when nothing is wanted", () => {
    expect(held({}, sizes)).toBeUndefined();
    expect(held({ hash: new KeyedHash("key") }, { ...sizes, requestBytes: 65_537 })).toBeUndefined();
  });

  test("is what is wanted, with the bytes that its messages took", () => {
    expect(held({ hash: new KeyedHash("key") }, sizes)).toMatchObject({
      arguments: args,
      result: undefined,
      bytes: 100,
    });
    expect(held({ captureResults: true }, sizes)).toMatchObject({ arguments: undefined, result, bytes: 1_000 });
    expect(held({ captureArguments: true, captureResults: true }, sizes)?.bytes).toBe(1_100);
  });

  test("counts for much when nobody has measured it", () => {
    const refused = { arguments: args, result: undefined, attempts: [] };
    expect(heldPayload(refused, { ...NOTHING, captureArguments: true })?.bytes).toBe(256 * 1024);
  });
});
