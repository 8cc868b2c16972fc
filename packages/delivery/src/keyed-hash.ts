import { hash } from "node:crypto";

/** Bytes of a block of SHA-256, and of its digest (FIPS 180-4). */
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** What the key is combined with, once within and once around (RFC 2104). */
const INNER = 0x36;
const OUTER = 0x5c;
/** Characters of a text for which there is room without asking for some. */
const USUAL_CHARS = 2_048;
const UTF8_BYTES_MAX = 3;

/**
 * HMAC-SHA-256 by one key. An `Hmac` of Node.js is an object beneath, made and thrown away for each text, and takes three times as long
 * as two digests of a text whose first block stands ready.
 */
export class KeyedHash {
  /** The block of the key, and behind it room for a text. */
  readonly #message: Buffer;
  readonly #around: Buffer;

  constructor(key: string) {
    const given = Buffer.from(key);
    const block = Buffer.alloc(BLOCK_BYTES);
    (given.length > BLOCK_BYTES ? hash("sha256", given, "buffer") : given).copy(block);
    this.#message = Buffer.alloc(BLOCK_BYTES + UTF8_BYTES_MAX * USUAL_CHARS);
    this.#around = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES);
    for (const [place, byte] of block.entries()) {
      this.#message[place] = byte ^ INNER;
      this.#around[place] = byte ^ OUTER;
    }
  }

  /** The digest of a text in UTF-8, as 64 hexadecimal digits. A surrogate without its other half counts as U+FFFD. */
  of(text: string): string {
    const message = this.#roomFor(text);
    const end = BLOCK_BYTES + message.write(text, BLOCK_BYTES, "utf8");
    this.#around.write(hash("sha256", message.subarray(0, end), "binary"), BLOCK_BYTES, "binary");
    return hash("sha256", this.#around, "hex");
  }

  #roomFor(text: string): Buffer {
    if (text.length <= USUAL_CHARS) return this.#message;
    const larger = Buffer.allocUnsafe(BLOCK_BYTES + Buffer.byteLength(text));
    this.#message.copy(larger, 0, 0, BLOCK_BYTES);
    return larger;
  }
}
