import { generateKeyPairSync } from "node:crypto";
import { type CallFinished, Sensitive } from "@mcp-hangar/telemetry";
import { sampleEvent } from "@mcp-hangar/telemetry/testing";
import { describe, expect, test } from "vitest";
import { decryptedPayload, encryptedPayload } from "./encrypted-payload.ts";
import { PayloadCapture, type PayloadCaptureOptions } from "./payload-capture.ts";

const { publicKey, privateKey } = generateKeyPairSync("x25519");
const encrypt = await encryptedPayload(publicKey.export({ format: "jwk" }), { bytesMax: 1_000_000 });
const OPTIONS: PayloadCaptureOptions = {
  encrypt,
  arguments: true,
  results: true,
  bytesMax: 1_000,
  redact: false,
  wants: () => true,
};

interface Said {
  readonly args?: unknown;
  readonly result?: unknown;
  readonly requestBytes?: number | undefined;
  readonly responseBytes?: number | undefined;
}

function callWith({ args = {}, result, requestBytes = 100, responseBytes = 100 }: Said): CallFinished {
  const call = sampleEvent("call.finished");
  const attempts = call.attempts.map((attempt) => ({ ...attempt, requestBytes, responseBytes }));
  const held = result === undefined ? undefined : new Sensitive(result);
  return { ...call, attempts, arguments: new Sensitive(args), result: held };
}

/** What is captured, in clear text. */
async function captured(call: CallFinished, changes: Partial<PayloadCaptureOptions> = {}) {
  const found = await new PayloadCapture({ ...OPTIONS, ...changes }).of(call);
  if (found === undefined) return undefined;
  const read = async (text: string | undefined) =>
    text === undefined ? undefined : decryptedPayload(text, privateKey.export({ format: "jwk" }));
  return { arguments: await read(found.arguments), result: await read(found.result), omitted: found.omitted };
}

describe("what is captured of a call", () => {
  test("is its arguments and its result, or one of them", async () => {
    const call = callWith({ args: { city: "Bern" }, result: { value: { temperature: 7 }, bytes: undefined } });
    const both = { arguments: { payload: { city: "Bern" } }, result: { payload: { temperature: 7 } } };
    expect(await captured(call)).toEqual({ ...both, omitted: undefined });
    expect(await captured(call, { results: false })).toMatchObject({ arguments: both.arguments, result: undefined });
    expect(await captured(call, { arguments: false })).toMatchObject({ arguments: undefined, result: both.result });
    const lookingLikeAResult = callWith({ args: { bytes: 1, value: 2 } });
    expect(await captured(lookingLikeAResult)).toMatchObject({ arguments: { payload: { bytes: 1, value: 2 } } });
  });

  test("is nothing of other tools, and nothing of what was never sent", async () => {
    const asked: string[] = [];
    const wants = (server: string, tool: string): boolean => asked.push(`${server}/${tool}`) === 0;
    const call = callWith({ args: { a: 1 } });
    expect(new PayloadCapture({ ...OPTIONS, wants }).of(call)).toBeUndefined();
    expect(asked).toEqual(["math/add"]);
    const capture = new PayloadCapture(OPTIONS);
    expect(capture.of({ ...call, attempts: [] })).toBeUndefined();
    expect(capture.of({ ...call, server: undefined })).toBeUndefined();
    expect(capture.bytesOf({ ...call, attempts: [] })).toBe(0);
  });

  test("loses its secrets where that is asked for", async () => {
    const args = { password: "hunter2-hunter2", note: "Bearer abcdefghijklmnopqrstuvwxyz0123456789", city: "Bern" };
    const call = callWith({ args });
    expect(await captured(call)).toMatchObject({ arguments: { payload: args } });
    const text = JSON.stringify(await captured(call, { redact: true }));
    expect(text).toContain("Bern");
    expect(text).toContain("[redacted]");
    expect(text).not.toMatch(/hunter2|abcdefghijklmnopqrstuvwxyz/);
  });

  test("has a limit, and what is beyond it is not even parsed", async () => {
    const fits = { text: "x".repeat(1_000 - '{"text":""}'.length) };
    expect(await captured(callWith({ args: fits }))).toMatchObject({
      arguments: { payload: fits },
      omitted: undefined,
    });
    const larger = callWith({ args: { text: `${fits.text}x` }, result: { bytes: undefined, value: {} } });
    expect(await captured(larger)).toEqual({ arguments: undefined, result: { payload: {} }, omitted: "too_large" });
    const result = {
      bytes: Buffer.alloc(0),
      get value(): never {
        throw new Error("it was parsed");
      },
    };
    const large = callWith({ result, responseBytes: 1_000_000 });
    expect(await captured(large)).toMatchObject({ result: undefined, omitted: "too_large" });
  });

  test("takes no more bytes than are counted for it", async () => {
    const capture = new PayloadCapture(OPTIONS);
    for (const length of [0, 100, 900]) {
      const args = { text: "x".repeat(length) };
      const call = callWith({
        args,
        result: { bytes: undefined, value: args },
        requestBytes: 20 + length,
        responseBytes: 20 + length,
      });
      const found = await capture.of(call);
      expect((found?.arguments?.length ?? 0) + (found?.result?.length ?? 0)).toBeGreaterThan(2 * length);
      expect((found?.arguments?.length ?? 0) + (found?.result?.length ?? 0)).toBeLessThan(capture.bytesOf(call));
    }
    expect(capture.bytesOf(callWith({ requestBytes: 1_000_000, responseBytes: 1_000_000 }))).toBe(0);
  });

  test("is said to be missing when it cannot be encrypted, and when too much is under way", async () => {
    const failing = { encrypt: () => Promise.reject(new Error("no")) };
    expect(await captured(callWith({}), failing)).toMatchObject({ arguments: undefined, omitted: "failed" });
    const { promise, resolve } = Promise.withResolvers<string>();
    const capture = new PayloadCapture({ ...OPTIONS, results: false, encrypt: () => promise });
    const waiting = Array.from({ length: 256 }, async () => capture.of(callWith({})));
    expect(await capture.of(callWith({}))).toEqual({ omitted: "busy" });
    resolve("a.b.c.d.e");
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => ({ arguments: "a.b.c.d.e" })));
    expect(await capture.of(callWith({}))).toEqual({ arguments: "a.b.c.d.e" });
  });
});
