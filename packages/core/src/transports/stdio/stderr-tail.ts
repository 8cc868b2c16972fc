import { stripVTControlCharacters } from "node:util";
import { LineSplitter } from "./line-splitter.ts";

/** The last lines a server wrote to its stderr, for messages about its end. */
export class StderrTail {
  readonly #splitter: LineSplitter;
  readonly #lines: string[] = [];

  /** `onLine` gets every line; lines are cut after `lineBytesMax` bytes and without colours. */
  constructor(linesMax: number, lineBytesMax: number, onLine: (line: string) => void) {
    this.#splitter = new LineSplitter(lineBytesMax, (bytes) => {
      // Lines are decoded as a whole, so that no character is split at the edge of a chunk.
      const line = stripVTControlCharacters(bytes.toString("utf8"));
      if (line.trim() === "") return;
      this.#lines.push(line);
      if (this.#lines.length > linesMax) this.#lines.shift();
      onLine(line);
    });
  }

  /** Oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  push(chunk: Buffer): void {
    this.#splitter.push(chunk);
  }

  end(): void {
    this.#splitter.end();
  }
}
