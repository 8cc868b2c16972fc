import { joined } from "../joined.ts";

/** Pieces from this size on are kept as they came: copying them would cost more than the rest of their chunk that they hold. */
const KEPT_BYTES = 16 * 1024;
/** Bytes of the first block and of the largest that smaller pieces are copied into. */
const BLOCK_BYTES_MIN = 4 * 1024;
const BLOCK_BYTES_MAX = 64 * 1024;

/** The beginning of a line whose end has not come. Large pieces are copied once, when the line is whole, and small ones twice. */
export class LinePieces {
  #pieces: Buffer[] = [];
  #length = 0;
  /** What the last small pieces were copied into, and how much of it is used; it comes behind all others. */
  #block: Buffer | undefined;
  #used = 0;

  /** Bytes of all pieces. */
  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    this.#length += piece.length;
    if (piece.length >= KEPT_BYTES) {
      this.#closeBlock();
      this.#pieces.push(piece);
      return;
    }
    let rest = piece;
    while (rest.length > 0) {
      this.#block ??= Buffer.allocUnsafe(Math.min(Math.max(this.#length, BLOCK_BYTES_MIN), BLOCK_BYTES_MAX));
      const copied = rest.copy(this.#block, this.#used);
      this.#used += copied;
      rest = rest.subarray(copied);
      if (this.#used === this.#block.length) this.#closeBlock();
    }
  }

  /** The whole, and begins anew. */
  take(): Buffer {
    this.#closeBlock();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#length = 0;
    return joined(pieces);
  }

  #closeBlock(): void {
    if (this.#block !== undefined) this.#pieces.push(this.#block.subarray(0, this.#used));
    this.#block = undefined;
    this.#used = 0;
  }
}
