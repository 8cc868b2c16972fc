const NEWLINE = 0x0a;

/** Splits a byte stream into lines without scanning any byte twice; blank lines are skipped. */
export class LineReader {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  #skipping = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer, onLine: (line: Buffer) => void, onTooLong: () => void): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#add(chunk.subarray(start, end), onTooLong);
      this.#finish(onLine);
      start = end + 1;
    }
    this.#add(chunk.subarray(start), onTooLong);
  }

  /** The last line may lack its line break. */
  end(onLine: (line: Buffer) => void): void {
    this.#finish(onLine);
  }

  #add(part: Buffer, onTooLong: () => void): void {
    if (this.#skipping || part.length === 0) return;
    this.#bytes += part.length;
    if (this.#bytes > this.#maxBytes) {
      this.#skipping = true;
      this.#parts = [];
      onTooLong();
      return;
    }
    this.#parts.push(part);
  }

  #finish(onLine: (line: Buffer) => void): void {
    const line = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    const skipped = this.#skipping;
    this.#parts = [];
    this.#bytes = 0;
    this.#skipping = false;
    if (!skipped && line !== undefined && line.toString("latin1").trim() !== "") onLine(line);
  }
}
