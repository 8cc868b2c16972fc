import { constants, createGzip, type Gzip } from "node:zlib";

/** Takes the pieces of a scrape and gives the whole as it is sent. */
export interface Body {
  /** Resolves when the next piece may come; `undefined` when it may at once. */
  write(text: string): Promise<void> | undefined;
  end(): Promise<Buffer> | Buffer;
}

/** Bytes of the first scrape; each one after that begins with what the last one needed. */
const FIRST_BYTES = 65_536;

/**
 * UTF-8 in one buffer. It is not put together of pieces, because twice the memory of a large scrape makes the garbage
 * collector stop the process each time.
 */
export class PlainBody implements Body {
  static #expectedBytes = FIRST_BYTES;
  #buffer = Buffer.allocUnsafe(PlainBody.#expectedBytes);
  #used = 0;

  write(text: string): undefined {
    const needed = this.#used + Buffer.byteLength(text);
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.ceil(needed * 1.5));
      this.#buffer.copy(larger, 0, 0, this.#used);
      this.#buffer = larger;
    }
    this.#used += this.#buffer.write(text, this.#used);
  }

  end(): Buffer {
    PlainBody.#expectedBytes = Math.ceil(this.#used * 1.1);
    return this.#buffer.subarray(0, this.#used);
  }
}

/** Compresses piece by piece on another thread, so that a large scrape is never in memory as a whole. */
export class GzipBody implements Body {
  // The lowest level shrinks a scrape to a twentieth; higher ones cost a multiple for little more.
  readonly #gzip: Gzip = createGzip({ level: constants.Z_BEST_SPEED });
  readonly #compressed: Buffer[] = [];
  /** Each piece in turn: the one before is compressed when the next comes. */
  #piece = Buffer.allocUnsafe(FIRST_BYTES);

  constructor() {
    this.#gzip.on("data", (chunk: Buffer) => this.#compressed.push(chunk));
  }

  write(text: string): Promise<void> {
    const bytes = Buffer.byteLength(text);
    if (bytes > this.#piece.length) this.#piece = Buffer.allocUnsafe(bytes * 2);
    this.#piece.write(text);
    return new Promise((resolve, reject) => {
      this.#gzip.write(this.#piece.subarray(0, bytes), (error) => (error ? reject(error) : resolve()));
    });
  }

  end(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#gzip.once("error", reject).once("end", () => resolve(Buffer.concat(this.#compressed)));
      this.#gzip.end();
    });
  }
}
