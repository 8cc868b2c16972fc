import { describe, expect, it } from "vitest";
import { retryAfterOf } from "./retry-info.ts";

const field = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
const any = (type: string, value: Uint8Array): Buffer =>
  field(3, Buffer.concat([field(1, Buffer.from(`type.googleapis.com/${type}`)), field(2, value)]));
/** 3.5 s. */
const RETRY_INFO = field(1, Buffer.from([0x08, 3, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01]));
const CODE_AND_MESSAGE = Buffer.concat([Buffer.from([0x08, 8]), field(2, Buffer.from("slow down"))]);

describe("the time for which a server asks to be left alone over gRPC", () => {
  it("is that of its retry info, whatever stands beside it", () => {
    const details = [any("google.rpc.DebugInfo", Buffer.from([0x0a, 1, 65])), any("google.rpc.RetryInfo", RETRY_INFO)];
    expect(retryAfterOf(Buffer.concat([CODE_AND_MESSAGE, ...details]))).toBe(3_500);
  });

  it("is not known without one", () => {
    expect(retryAfterOf(CODE_AND_MESSAGE)).toBeUndefined();
    expect(retryAfterOf(Buffer.alloc(0))).toBeUndefined();
  });

  it("is not known from bytes that are no message, wherever they are cut", () => {
    const whole = any("google.rpc.RetryInfo", RETRY_INFO);
    for (let length = 1; length < whole.length; length++) {
      expect(retryAfterOf(whole.subarray(0, length))).toBeUndefined();
    }
    expect(retryAfterOf(Buffer.alloc(40, 0xff))).toBeUndefined();
  });
});
