import { LinePieces } from "./line-pieces.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const EMPTY = Buffer.alloc(0);

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
 * a line spans, and once where they are large; a line within one chunk is not copied at all. Lines handed out are never written to again.
 */
export class LineSplitter {
  readonly #lineBytesMax: number;
  readonly #onLine: (line: Buffer, truncated: boolean) => void;
  readonly #onSkipped: ((skipped: SkippedEnd) => void) | undefined;
  /** The beginning of a line whose end has not come. */
  readonly #partial = new LinePieces();
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

  /** Takes what has come next. The chunk is the splitter's from then on, which gives its memory back when it can. */
  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.#take(chunk.subarray(start, end), true);
      start = end + 1;
    }
    if (start < chunk.length) this.#take(chunk.subarray(start), false);
  }

  /** The stream has ended: what is left is a line, too. */
  end(): void {
    if (this.#partial.length > 0) this.#emit(this.#partial.take(), false);
  }

  #take(piece: Buffer, isEnd: boolean): void {
    if (this.#skipping) {
      this.#skip(piece);
      if (isEnd) this.#endSkipped();
    } else if (this.#partial.length + piece.length > this.#lineBytesMax) {
      const fits = this.#lineBytesMax - this.#partial.length;
      this.#partial.add(piece.subarray(0, fits));
      const line = this.#partial.take();
      // A copy, because the line belongs to whom it is handed.
      this.#tail = Buffer.from(line.subarray(-TAIL_BYTES));
      this.#skippedBytes = line.length;
      this.#emit(line, true);
      this.#skipping = true;
      this.#take(piece.subarray(fits), isEnd);
    } else if (isEnd && this.#partial.length === 0) {
      // The whole line lies in this chunk.
      this.#emit(piece, false);
    } else {
      this.#partial.add(piece);
      if (isEnd) this.#emit(this.#partial.take(), false);
    }
  }

  #skip(piece: Buffer): void {
    this.#skippedBytes += piece.length;
    const last = piece.length >= TAIL_BYTES ? piece : Buffer.concat([this.#tail, piece]);
    this.#tail = Buffer.from(last.subarray(-TAIL_BYTES));
  }

  #endSkipped(): void {
    this.#skipping = false;
    const skipped = { bytes: this.#skippedBytes, tail: this.#tail };
    this.#tail = EMPTY;
    this.#onSkipped?.(skipped);
  }

  #emit(line: Buffer, truncated: boolean): void {
    const isMarked = line[line.length - 1] === CARRIAGE_RETURN;
    this.#onLine(isMarked ? line.subarray(0, -1) : line, truncated);
  }
}
