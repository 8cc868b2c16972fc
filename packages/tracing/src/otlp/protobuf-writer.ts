/** Bytes that are allocated at once. What is written stays in them, and is not copied again. */
const CHUNK_BYTES = 65_536;
/** Characters up to which a loop is faster than a call into Node.js, and a length surely takes one byte. */
const SHORT_CHARS_MAX = 42;
/** Characters from which on the bytes of a text are counted before there is room for them: three a character would be much. */
const LONG_CHARS_MIN = 4_096;
const UTF8_BYTES_MAX = 3;
const VARINT_BYTES_MAX = 10;
const TWO_32 = 2 ** 32;

/** Wire types (https://protobuf.dev/programming-guides/encoding/#structure). */
const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/**
 * Writes fields of protobuf messages, one message after another. A message within a message is written in place, and moved by a byte or
 * two when its length takes more than one. Numbers of fields go up to 2047.
 */
export class ProtobufWriter {
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #at = 0;

  /** What was written since the last time. It shares memory with its neighbours. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(this.#start, this.#at);
    this.#start = this.#at;
    return taken;
  }

  /** Bytes that were written since `take`. */
  get written(): number {
    return this.#at - this.#start;
  }

  /** A copy of what was written since then, by {@link written}. */
  copySince(written: number): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#bytes, this.#start + written, this.#at);
  }

  /** Whole fields that were written before. */
  bytes(fields: Uint8Array): void {
    this.#reserve(fields.length);
    this.#bytes.set(fields, this.#at);
    this.#at += fields.length;
  }

  /** Begins a message, or anything else with a length; `end` takes what this returns. */
  begin(field: number): number {
    this.#reserve(3);
    this.#tag(field, LENGTH_DELIMITED);
    this.#at += 1;
    // Within what has been written since `take`, because it may move to another chunk.
    return this.#at - this.#start;
  }

  end(begun: number): void {
    const from = this.#start + begun;
    const length = this.#at - from;
    if (length < 0x80) this.#bytes[from - 1] = length;
    else this.#insertLength(length);
  }

  /** The beginning of a message of so many bytes, which come from elsewhere. */
  head(field: number, bytes: number): void {
    this.#reserve(2 + VARINT_BYTES_MAX);
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(bytes);
  }

  /** A text in UTF-8; a surrogate without its other half becomes U+FFFD. */
  text(field: number, text: string): void {
    const { length } = text;
    const bytes = length < LONG_CHARS_MIN ? UTF8_BYTES_MAX * length : Buffer.byteLength(text);
    this.#reserve(bytes + 7);
    this.#tag(field, LENGTH_DELIMITED);
    this.#at += 1;
    const from = this.#at;
    if (length > SHORT_CHARS_MAX || !this.#writeAscii(text)) this.#at = from + this.#bytes.write(text, from, "utf8");
    const written = this.#at - from;
    if (written < 0x80) this.#bytes[from - 1] = written;
    else this.#insertLength(written);
  }

  /** Bytes that stand in a text as hexadecimal digits, two each. */
  hex(field: number, digits: string): void {
    const bytes = digits.length / 2;
    this.#reserve(bytes + 7);
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(bytes);
    const target = this.#bytes;
    let at = this.#at;
    for (let index = 0; index + 1 < digits.length; index += 2) {
      target[at++] = digitValue(digits.charCodeAt(index)) * 16 + digitValue(digits.charCodeAt(index + 1));
    }
    this.#at = at;
  }

  /** An unsigned number of 32 bits, a boolean or a member of an enumeration. */
  varint(field: number, value: number): void {
    this.#reserve(2 + VARINT_BYTES_MAX);
    this.#tag(field, VARINT);
    this.#varint(value);
  }

  /** A signed integer of 64 bits, from -2^63 to below 2^63. */
  int64(field: number, value: number): void {
    this.#reserve(2 + VARINT_BYTES_MAX);
    this.#tag(field, VARINT);
    if (value >= 0 && value < TWO_32) this.#varint(value);
    else this.#varint64(value);
  }

  double(field: number, value: number): void {
    this.#reserve(10);
    this.#tag(field, FIXED_64);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  fixed32(field: number, value: number): void {
    this.#reserve(6);
    this.#tag(field, FIXED_32);
    this.#fixed32(value);
  }

  /** Milliseconds with fractions as nanoseconds. */
  nanoseconds(field: number, ms: number): void {
    const seconds = Math.floor(ms / 1_000);
    const nanos = Math.round((ms - seconds * 1_000) * 1e6);
    // Nanoseconds since the epoch are beyond 2^53: the lower 16 bits of the seconds and those above them are multiplied apart.
    const lower = (seconds % 65_536) * 1e9 + nanos;
    const upper = Math.floor(seconds / 65_536) * 1e9;
    // Shifts by nothing are remainders of whole numbers by 2^32, at a fraction of their cost.
    const low = (lower >>> 0) + (upper & 0xffff) * 65_536;
    const high = Math.floor(lower / TWO_32) + Math.floor(upper / 65_536) + Math.floor(low / TWO_32);
    this.#reserve(10);
    this.#tag(field, FIXED_64);
    this.#fixed32(low >>> 0);
    this.#fixed32(high);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const begun = this.#at - this.#start;
    const chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, Math.ceil((begun + bytes) * 1.25)));
    this.#bytes.copy(chunk, 0, this.#start, this.#at);
    this.#bytes = chunk;
    this.#start = 0;
    this.#at = begun;
  }

  #tag(field: number, wireType: number): void {
    if (field < 16) this.#bytes[this.#at++] = field * 8 + wireType;
    else this.#varint(field * 8 + wireType);
  }

  #varint(value: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    let rest = value;
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#at = at;
  }

  #fixed32(value: number): void {
    const bytes = this.#bytes;
    const at = this.#at;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
    this.#at = at + 4;
  }

  /** Negative numbers have ten bytes: those of their complement of two. */
  #varint64(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 0x80n) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
  }

  /** False when the text has other characters; how far it came does not matter then. */
  #writeAscii(text: string): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) return false;
      bytes[at++] = code;
    }
    this.#at = at;
    return true;
  }

  /** Writes a length of several bytes where one was left for it. */
  #insertLength(length: number): void {
    const more = length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : length < 0x1000_0000 ? 3 : 4;
    this.#reserve(more);
    const at = this.#at;
    // It may stand in another chunk now.
    const begin = at - length;
    this.#bytes.copyWithin(begin + more, begin, at);
    this.#at = begin - 1;
    this.#varint(length);
    this.#at = at + more;
  }
}

/** The value of a hexadecimal digit, of either case. Without a branch, of which half would be guessed wrong. */
function digitValue(digit: number): number {
  return (digit & 0xf) + (digit >> 6) * 9;
}
