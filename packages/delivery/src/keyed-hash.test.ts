import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { KeyedHash } from "./keyed-hash.ts";
import { seededRandom } from "./testing/index.ts";

/** Around the sizes of a block of SHA-256, and of the room that is kept. */
const LENGTHS = [0, 1, 54, 55, 56, 63, 64, 65, 72, 127, 128, 2_047, 2_048, 2_049, 6_143, 6_144, 70_000];
const ALPHABETS = ["a", "aé", "漢€", "😀a", "\ud800\udfffa", "\u0000\u007f"];

test("a keyed hash is the HMAC of Node.js, whatever the sizes of key and text, and of texts before", () => {
  const random = seededRandom(7);
  const text = (length: number): string => {
    const alphabet = Array.from(ALPHABETS[Math.floor(random() * ALPHABETS.length)] ?? "");
    return Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join("");
  };
  for (const keyLength of LENGTHS) {
    const key = text(keyLength);
    const hash = new KeyedHash(key);
    for (const length of LENGTHS.toSorted(() => random() - 0.5)) {
      const message = text(length);
      expect(hash.of(message)).toBe(createHmac("sha256", key).update(message).digest("hex"));
    }
  }
});
