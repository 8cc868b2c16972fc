import type { TextBytes } from "../audit-entry.ts";

/** Characters of a hash, of the member that a line has and a sink's line has not, and of the one that it has in its place. */
const HASH_CHARS = 64;
const PREVIOUS_CHARS = ',"previous":""'.length + HASH_CHARS;
const OWN_CHARS = ',"hash":""'.length + HASH_CHARS;
const DELETE = 0x7f;

/** A line of a journal in UTF-8. Nothing is said of its text, which would be held as long. */
export interface LineBytes {
  readonly bytes: Buffer;
  /** Bytes before the member that has the hash of the line before. */
  readonly previousAt: number;
  /** Whether each character has one byte. */
  readonly isAscii: boolean;
}

/** A line as sinks have it: with the hash of its own in the place of that of the line before. */
export class SinkLine implements TextBytes {
  readonly #line: LineBytes;
  readonly #hash: string;

  constructor(line: LineBytes, hash: string) {
    this.#line = line;
    this.#hash = hash;
  }

  get length(): number {
    return this.#line.bytes.length - PREVIOUS_CHARS + OWN_CHARS;
  }

  // JSON escapes all other control characters of ASCII.
  get isPlain(): boolean {
    return this.#line.isAscii && !this.#line.bytes.includes(DELETE);
  }

  copyTo(target: Buffer, at: number): void {
    const { bytes, previousAt } = this.#line;
    bytes.copy(target, at, 0, previousAt);
    target.write(`,"hash":"${this.#hash}"`, at + previousAt, "latin1");
    bytes.copy(target, at + previousAt + OWN_CHARS, previousAt + PREVIOUS_CHARS);
  }

  toString(): string {
    const target = Buffer.allocUnsafe(this.length);
    this.copyTo(target, 0);
    return target.toString();
  }
}
