const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const EMPTY = Buffer.alloc(0);
/** First size of the buffer for a line that spans chunks. */
const PARTIAL_BYTES = 4 * 1024;

/** Bytes of the end of a skipped line that are kept. */
const TAIL_BYTES = 512;

/** What is known of a line that was too long, once it has ended. */
export interface SkippedEnd {
  /** Length of the whole line. */
  readonly bytes: number;
  /** Its last bytes. */
  readonly tail: Buffer;
}

/**
 * Cuts a byte stream into lines at LF or CRLF. Every byte is scanned once and copied at most twice however many chunks
 * a line spans; a line within one chunk is not copied at all. Lines handed out are never written to again.
 */
export class LineSplitter {
  readonly #lineBytesMax: number;
  readonly #onLine: (line: Buffer, truncated: boolean) => void;
  readonly #onSkipped: ((skipped: SkippedEnd) => void) | undefined;
  /** The beginning of a line whose end has not come, in the first `#length` bytes. */
  #partial: Buffer = EMPTY;
  #length = 0;
  #skipping = false;
  /** Bytes of the line that is skipped, and the last of them. */
  #skippedBytes = 0;
  #tail: Buffer = EMPTY;

  /**
   * Of a line longer than `lineBytesMax`, the beginning is handed out as `truncated`, and the rest is skipped. Where that ends,
   * `onSkipped` is told.
   */
  constructor(
    lineBytesMax: number,
    onLine: (line: Buffer, truncated: boolean) => void,
    onSkipped?: (skipped: SkippedEnd) => void,
  ) {
    this.#lineBytesMax = lineBytesMax;
    this.#onLine = onLine;
    this.#onSkipped = onSkipped;
  }

  /** Bytes of the line that is being skipped; 0 when none is. */
  get skippedBytes(): number {
    return this.#skipping ? this.#skippedBytes : 0;
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
    if (this.#skipping) {
      this.#skip(piece);
      return;
    }
    const length = this.#length + piece.length;
    if (length > this.#lineBytesMax) {
      const fits = this.#lineBytesMax - this.#length;
      this.#append(piece.subarray(0, fits));
      // A copy, because the line belongs to whom it is handed.
      this.#tail = Buffer.from(this.#partial.subarray(Math.max(0, this.#length - TAIL_BYTES), this.#length));
      this.#skippedBytes = this.#length;
      this.#emit(true);
      this.#skipping = true;
      this.#skip(piece.subarray(fits));
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
      const doubled = Math.min(2 * this.#partial.length, this.#lineBytesMax);
      const grown = Buffer.allocUnsafe(Math.max(length, doubled, PARTIAL_BYTES));
      this.#partial.copy(grown, 0, 0, this.#length);
      this.#partial = grown;
    }
    piece.copy(this.#partial, this.#length);
    this.#length = length;
  }

  #skip(piece: Buffer): void {
    this.#skippedBytes += piece.length;
    const last = piece.length >= TAIL_BYTES ? piece : Buffer.concat([this.#tail, piece]);
    this.#tail = Buffer.from(last.subarray(-TAIL_BYTES));
  }

  #finish(): void {
    if (!this.#skipping) {
      this.#emit(false);
      return;
    }
    this.#skipping = false;
    const skipped = { bytes: this.#skippedBytes, tail: this.#tail };
    this.#tail = EMPTY;
    this.#onSkipped?.(skipped);
  }

  #emit(truncated: boolean): void {
    const length = this.#partial[this.#length - 1] === CARRIAGE_RETURN ? this.#length - 1 : this.#length;
    const line = this.#partial.subarray(0, length);
    this.#partial = EMPTY;
    this.#length = 0;
    this.#onLine(line, truncated);
  }
}
