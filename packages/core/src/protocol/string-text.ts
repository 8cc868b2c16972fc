import { BACKSLASH, QUOTE } from "./json-bytes.ts";

/** Bytes of a string of JSON that are more than text: its end, an escape, and control characters, which are not allowed. */
const MEANS_MORE = new Uint8Array(256).fill(1, 0, 0x20);
MEANS_MORE[QUOTE] = 1;
MEANS_MORE[BACKSLASH] = 1;

/** 1 for each byte that makes an escape with a backslash in front of it alone. */
const SHORT_ESCAPES = new Uint8Array(256);
for (const character of '"\\/bfnrt') SHORT_ESCAPES[character.charCodeAt(0)] = 1;

/** Bytes that are looked at together. */
const WORD_BYTES = 4;

/**
 * Finds where plain text ends in strings of JSON, four bytes at a time: most bytes of large documents are text, and one by one they take
 * three times as long.
 */
export class PlainText {
  readonly #bytes: Buffer;
  /** The same bytes, but for the first and last few that fill no word where words may begin. */
  readonly #words: Int32Array;
  /** Bytes before the first word. */
  readonly #lead: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    const start = Math.ceil(bytes.byteOffset / WORD_BYTES) * WORD_BYTES;
    this.#lead = start - bytes.byteOffset;
    const length = Math.max(0, Math.floor((bytes.length - this.#lead) / WORD_BYTES));
    this.#words = length === 0 ? new Int32Array() : new Int32Array(bytes.buffer, start, length);
  }

  /** The first place from `from` on with a byte that means more; where there is none before `end`, that, or `from` if it lies behind. */
  endOf(from: number, end: number): number {
    const bytes = this.#bytes;
    const words = this.#words;
    const lead = this.#lead;
    const lastWord = (end - lead) >> 2;
    for (let at = from; at < end; at++) {
      if (((at - lead) & 3) === 0) {
        let word = (at - lead) >> 2;
        // A default in place of `undefined`, which there is none of, would take as long as the rest.
        while (word < lastWord && isPlain(words[word] as number)) word++;
        at = lead + word * WORD_BYTES;
        if (at >= end) return end;
      }
      if (MEANS_MORE[bytes[at] ?? 0] !== 0) return at;
    }
    return Math.max(from, end);
  }
}

/**
 * Whether all four bytes are plain text. Of the lower seven bits of each, a sum reaches the eighth when they are 0x20 or more, or differ
 * from the other byte, and never carries into the next byte. Bytes that have the eighth bit themselves are text.
 */
function isPlain(word: number): boolean {
  const low = word & 0x7f7f7f7f;
  const notControl = low + 0x60606060;
  const notQuote = (low ^ 0x22222222) + 0x7f7f7f7f;
  const notBackslash = (low ^ 0x5c5c5c5c) + 0x7f7f7f7f;
  return (((notControl & notQuote & notBackslash) | word) & 0x80808080) === (0x80808080 | 0);
}

/** Bytes of an escape behind its backslash; 0 when it is none. */
export function escapeLength(bytes: Buffer, at: number): number {
  const byte = bytes[at] ?? 0;
  if (byte !== 0x75) return SHORT_ESCAPES[byte] ?? 0;
  for (let digit = at + 1; digit <= at + 4; digit++) {
    const value = bytes[digit] ?? 0;
    const hexadecimal = (value >= 0x30 && value <= 0x39) || ((value | 0x20) >= 0x61 && (value | 0x20) <= 0x66);
    if (!hexadecimal) return 0;
  }
  return 5;
}
