const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const EMPTY = Buffer.alloc(0);
/** First size of the buffer for a line that spans chunks. */
const PARTIAL_BYTES = 4 * 1024;

/**
 * Cuts a byte stream into lines at LF or CRLF. Every byte is scanned once and copied at most twice however many chunks
 * a line spans; a line within one chunk is not copied at all. Lines handed out are never written to again.
 */
export class LineSplitter {
  readonly #lineBytesMax: number;
  readonly #onLine: (line: Buffer, truncated: boolean) => void;
  /** The beginning of a line whose end has not come, in the first `#length` bytes. */
  #partial: Buffer = EMPTY;
  #length = 0;
  #skipping = false;

  /** Of a line longer than `lineBytesMax`, the beginning is handed out as `truncated`, and the rest is skipped. */
  constructor(lineBytesMax: number, onLine: (line: Buffer, truncated: boolean) => void) {
    this.#lineBytesMax = lineBytesMax;
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.#take(chunk.subarray(start, end));
      this.#finish();
      start = end + 1;
    }
    if (start < chunk.length) this.#take(chunk.subarray(start), true);
  }

  /** The stream has ended: what is left is a line, too. */
  end(): void {
    if (this.#length > 0) this.#finish();
  }

  #take(piece: Buffer, unfinished = false): void {
    if (this.#skipping) return;
    const length = this.#length + piece.length;
    if (length > this.#lineBytesMax) {
      this.#append(piece.subarray(0, this.#lineBytesMax - this.#length));
      this.#emit(true);
      this.#skipping = true;
    } else if (unfinished || this.#length > 0) {
      this.#append(piece);
    } else {
      // The whole line lies in this chunk.
      this.#partial = piece;
      this.#length = piece.length;
    }
  }

  #append(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#partial.length) {
      // Doubling keeps the copying linear, even when a server writes byte by byte.
      const grown = Buffer.allocUnsafe(Math.max(length, 2 * this.#partial.length, PARTIAL_BYTES));
      this.#partial.copy(grown, 0, 0, this.#length);
      this.#partial = grown;
    }
    piece.copy(this.#partial, this.#length);
    this.#length = length;
  }

  #finish(): void {
    if (this.#skipping) this.#skipping = false;
    else this.#emit(false);
  }

  #emit(truncated: boolean): void {
    const length = this.#partial[this.#length - 1] === CARRIAGE_RETURN ? this.#length - 1 : this.#length;
    const line = this.#partial.subarray(0, length);
    this.#partial = EMPTY;
    this.#length = 0;
    this.#onLine(line, truncated);
  }
}
