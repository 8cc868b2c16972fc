import { describe, expect, it } from "vitest";
import { outcomeOfAnswer } from "./answer.ts";

const varint = (value: bigint): number[] =>
  value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)];
/** An answer with a partial success, by hand: field 1, in it the number in field 1 and the message in field 2. */
function answer(rejected: bigint, message = ""): Uint8Array {
  const says = Buffer.from(message);
  const partial = [0x08, ...varint(BigInt.asUintN(64, rejected)), 0x12, says.length, ...says];
  return Buffer.from([0x0a, partial.length, ...partial]);
}

describe("the answer of a collector that has taken a request", () => {
  it.each(["logs", "traces"] as const)("says how many of the %s it refuses for good", (signal) => {
    const message = expect.stringMatching(/rejected 300 records: no Bearer \[redacted\]/);
    const expected = { kind: "partial", rejected: 300, retry: [], reason: "rejected", message };
    const says = "no Bearer abcdefghijklmnopqrstuvwxyz012345";
    expect(outcomeOfAnswer(answer(300n, says), signal, "http/protobuf")).toEqual(expected);
    expect(outcomeOfAnswer(answer(300n, says), signal, "grpc")).toEqual(expected);
    const name = signal === "logs" ? "rejectedLogRecords" : "rejectedSpans";
    const json = Buffer.from(JSON.stringify({ partialSuccess: { [name]: "300", errorMessage: says } }));
    expect(outcomeOfAnswer(json, signal, "http/json")).toEqual(expected);
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["an empty partial success", Buffer.from([0x0a, 0])],
    ["a warning", answer(0n, "slow")],
    ["a negative number", answer(-1n)],
    ["no message of protobuf", Buffer.alloc(50, 0xff)],
  ])("takes nothing back with %s", (_what, bytes) => {
    expect(outcomeOfAnswer(bytes, "traces", "grpc")).toEqual({ kind: "delivered" });
  });

  it.each(["", "null", "[]", '{"partialSuccess":7}', '{"partialSuccess":{"rejectedSpans":"many"}}', "{"])(
    "takes nothing back with the JSON %s",
    (json) => {
      expect(outcomeOfAnswer(Buffer.from(json), "traces", "http/json")).toEqual({ kind: "delivered" });
    },
  );
});
