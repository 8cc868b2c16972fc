/** Bytes of each end of an event that are kept. */
const END_BYTES = 1_024;

const LF = 0x0a;
const CR = 0x0d;

/** An event that is too large to be kept: it is read up to the blank line behind it, and only its ends are known. */
export class SkippedEvent {
  /** The beginning of its data. */
  readonly head: Buffer;
  #end: Buffer;
  #bytes: number;
  /** Whether nothing came yet of the line that is being read. */
  #atLineStart: boolean;
  #afterCr: boolean;

  /**
   * `data` are the lines of its data that have come, `line` is the beginning of one whose end has not come. `afterCr` says that
   * the last byte was a carriage return.
   */
  constructor(data: readonly Buffer[], line: readonly Buffer[], afterCr: boolean) {
    this.#afterCr = afterCr;
    const begun = Buffer.concat(line.map((piece) => piece.subarray(0, END_BYTES)));
    const known = data[0] ?? Buffer.from(begun.toString("latin1").replace(/^data: ?/, ""), "latin1");
    // Copies: a view would keep the whole chunk that it is cut from.
    this.head = Buffer.from(known.subarray(0, END_BYTES));
    this.#end = Buffer.from(Buffer.concat(line.slice(-END_BYTES)).subarray(-END_BYTES));
    this.#bytes = [...data, ...line].reduce((sum, { length }) => sum + length, 0);
    this.#atLineStart = line.length === 0;
  }

  /** The end of its data, once it has ended. */
  get tail(): Buffer {
    return Buffer.from(this.#end.toString("latin1").trimEnd(), "latin1");
  }

  /** How large it was, up to where it has been read. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Reads on; gives what of the chunk lies behind the event, or `undefined` while the event has not ended. */
  push(chunk: Buffer): Buffer | undefined {
    const end = this.#endIn(chunk);
    const own = end === -1 ? chunk : chunk.subarray(0, end);
    this.#bytes += own.length;
    this.#end = Buffer.concat([this.#end, own.subarray(-END_BYTES)]).subarray(-END_BYTES);
    return end === -1 ? undefined : chunk.subarray(end);
  }

  /** Where the blank line behind the event ends; -1 when it has not come. */
  #endIn(chunk: Buffer): number {
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      // Both belong to one line break.
      if (byte === LF && this.#afterCr) {
        this.#afterCr = false;
        continue;
      }
      this.#afterCr = byte === CR;
      if (byte !== LF && byte !== CR) this.#atLineStart = false;
      else if (this.#atLineStart) return at + 1;
      else this.#atLineStart = true;
    }
    return -1;
  }
}
