import { describe, expect, it } from "vitest";
import { seededRandom } from "../testing/index.ts";
import { framesOf, HEADER_BYTES, readFrame } from "./frame.ts";

const frameOf = (sequence: number, text: string): Buffer => framesOf(sequence, [Buffer.from(text)]);

describe("a frame", () => {
  it.each(["", "x", "record", "ü".repeat(10_000)])("is read back as it was: %#", (text) => {
    const buffer = Buffer.concat([Buffer.from("before"), frameOf(7, text), Buffer.from("after")]);
    expect(readFrame(buffer, 6, 7)).toEqual({
      kind: "record",
      payload: Buffer.from(text),
      nextOffset: buffer.length - 5,
    });
  });

  it("stands behind the one before, with the number that follows, also where it has more than 32 bits", () => {
    const first = 2 ** 32 - 1;
    const frames = framesOf(first, [Buffer.from("one"), Buffer.from(""), Buffer.from("three")]);
    let at = 0;
    for (const [place, text] of ["one", "", "three"].entries()) {
      const nextOffset = at + HEADER_BYTES + text.length;
      expect(readFrame(frames, at, first + place)).toEqual({ kind: "record", payload: Buffer.from(text), nextOffset });
      expect(readFrame(frames, at, place)).toEqual({ kind: "damaged_header" });
      at = nextOffset;
    }
    expect(at).toBe(frames.length);
  });

  it("is none in the place of another record", () => {
    expect(readFrame(frameOf(7, "record"), 0, 8)).toEqual({ kind: "damaged_header" });
  });

  it("says how long it is when its end is missing", () => {
    const frame = frameOf(1, "record");
    for (let length = 0; length < frame.length; length++) {
      const frameBytes = length < HEADER_BYTES ? HEADER_BYTES : frame.length;
      expect(readFrame(frame.subarray(0, length), 0, 1)).toEqual({ kind: "incomplete", frameBytes });
    }
  });

  it("with any one bit turned is damaged, and where the next one begins is known unless the header is", () => {
    const frame = frameOf(3, "record");
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const damaged = Buffer.from(frame);
      damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const expected =
        bit < HEADER_BYTES * 8 ? { kind: "damaged_header" } : { kind: "damaged_record", nextOffset: frame.length };
      expect(readFrame(damaged, 0, 3)).toEqual(expected);
    }
  });

  it("is not found in any other bytes", () => {
    const random = seededRandom(3);
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.from(Array.from({ length: 40 }, () => (random() < 0.5 ? 0 : Math.floor(random() * 256))));
      expect(readFrame(bytes, 0, 1 + (round % 5)).kind).toBe("damaged_header");
    }
  });
});
