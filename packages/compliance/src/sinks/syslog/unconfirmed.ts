/** Messages behind their lengths that are written together. */
export interface Chunk {
  readonly bytes: Buffer;
  readonly messages: number;
}

interface Written extends Chunk {
  writtenMs: number;
}

/**
 * What was written to a receiver that confirms nothing, as far as it may not have read it: a connection that breaks takes with it what is
 * in the buffers of both systems. After that it is written again. What was followed by more bytes than those buffers hold was read.
 * It is kept by the chunk: thousands of messages by themselves would keep the garbage collector busy.
 */
export class Unconfirmed {
  readonly #bytesMax: number;
  /** Those before `#next` were written to the connection that is open. */
  #chunks: Written[] = [];
  #next = 0;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Messages that would be written again. */
  get size(): number {
    return this.#chunks.reduce((sum, { messages }) => sum + messages, 0);
  }

  /** Whether some have to be written again. */
  get isBehind(): boolean {
    return this.#next < this.#chunks.length;
  }

  /** Chunks to write again, together at most so many bytes, save that it is at least one. */
  nextAgain(bytesMax: number): readonly Chunk[] {
    const chunks: Chunk[] = [];
    let length = 0;
    for (let at = this.#next; at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at];
      if (chunk === undefined || (chunks.length > 0 && length + chunk.bytes.length > bytesMax)) break;
      chunks.push(chunk);
      length += chunk.bytes.length;
    }
    return chunks;
  }

  /** So many of them were written again. */
  writtenAgain(count: number, nowMs: number): void {
    for (const written of this.#chunks.slice(this.#next, this.#next + count)) written.writtenMs = nowMs;
    this.#next += count;
  }

  /** This was written for the first time, behind all others. */
  written(chunk: Chunk, nowMs: number): void {
    this.#chunks.push({ ...chunk, writtenMs: nowMs });
    this.#bytes += chunk.bytes.length;
    while (this.#bytes > this.#bytesMax) this.#bytes -= this.#chunks.shift()?.bytes.length ?? this.#bytes;
    this.#next = this.#chunks.length;
  }

  /** The connection has ended: all are to be written again, save those that were written before a time. */
  connectionEnded(readBeforeMs: number): void {
    this.#chunks = this.#chunks.filter(({ bytes, writtenMs }, at) => {
      const isRead = at < this.#next && writtenMs < readBeforeMs;
      if (isRead) this.#bytes -= bytes.length;
      return !isRead;
    });
    this.#next = 0;
  }
}
