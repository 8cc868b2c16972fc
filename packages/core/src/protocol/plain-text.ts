import { BACKSLASH, QUOTE } from "./json-bytes.ts";

/** Bytes of a string of JSON that are more than text: its end, an escape, and control characters, which are not allowed. */
const MEANS_MORE = new Uint8Array(256).fill(1, 0, 0x20);
MEANS_MORE[QUOTE] = 1;
MEANS_MORE[BACKSLASH] = 1;

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
        while (word < lastWord && !meansMore(words[word] ?? 0)) word++;
        at = lead + word * WORD_BYTES;
        if (at >= end) return end;
      }
      if (MEANS_MORE[bytes[at] ?? 0] !== 0) return at;
    }
    return Math.max(from, end);
  }
}

/**
 * Whether one of the four bytes in a word does. A byte is below 0x20 when taking that away borrows from its highest bit, and equal to
 * another when taking 1 from their difference does; the borrow may spoil bytes above it, but only where there is something to find.
 */
function meansMore(word: number): boolean {
  const quote = word ^ (QUOTE * 0x01010101);
  const backslash = word ^ (BACKSLASH * 0x01010101);
  const borrowed =
    ((word - 0x20202020) & ~word) | ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash);
  return (borrowed & 0x80808080) !== 0;
}
