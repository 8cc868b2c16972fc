/** A message as it is framed, with when it was written. */
interface Written {
  readonly frame: Buffer;
  writtenMs: number;
}

/**
 * What was written to a receiver that confirms nothing, as far as it may not have read it: a connection that breaks takes with it what is
 * in the buffers of both systems. After that it is written again. What was followed by more bytes than those buffers hold was read.
 */
export class Unconfirmed {
  readonly #bytesMax: number;
  /** Those before `#next` were written to the connection that is open. */
  #frames: Written[] = [];
  #next = 0;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#frames.length;
  }

  /** Whether some have to be written again. */
  get isBehind(): boolean {
    return this.#next < this.#frames.length;
  }

  /** Frames to write again, together at most so many bytes, save that it is at least one. */
  nextAgain(bytesMax: number): readonly Buffer[] {
    const frames: Buffer[] = [];
    let bytes = 0;
    for (let at = this.#next; at < this.#frames.length; at++) {
      const frame = this.#frames[at]?.frame;
      if (frame === undefined || (frames.length > 0 && bytes + frame.length > bytesMax)) break;
      frames.push(frame);
      bytes += frame.length;
    }
    return frames;
  }

  /** So many of them were written again. */
  writtenAgain(count: number, nowMs: number): void {
    for (const written of this.#frames.slice(this.#next, this.#next + count)) written.writtenMs = nowMs;
    this.#next += count;
  }

  /** These were written for the first time, behind all others. */
  written(frames: readonly Buffer[], nowMs: number): void {
    for (const frame of frames) {
      this.#frames.push({ frame, writtenMs: nowMs });
      this.#bytes += frame.length;
    }
    let gone = 0;
    for (const { frame } of this.#frames) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#bytes -= frame.length;
      gone += 1;
    }
    if (gone > 0) this.#frames = this.#frames.slice(gone);
    this.#next = this.#frames.length;
  }

  /** The connection has ended: all are to be written again, save those that were written before a time. */
  connectionEnded(readBeforeMs: number): void {
    this.#frames = this.#frames.filter(({ frame, writtenMs }, at) => {
      const isRead = at < this.#next && writtenMs < readBeforeMs;
      if (isRead) this.#bytes -= frame.length;
      return !isRead;
    });
    this.#next = 0;
  }
}
