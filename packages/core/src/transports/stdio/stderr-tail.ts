import { stripVTControlCharacters } from "node:util";
import type { StdioLimits } from "./limits.ts";
import type { LinePace } from "./line-pace.ts";
import { LineSplitter } from "./line-splitter.ts";

/** The last lines a server wrote to its stderr, for messages about its end. */
export class StderrTail {
  readonly #splitter: LineSplitter;
  readonly #pace: LinePace;
  readonly #lines: string[] = [];

  /** `onLine` gets every line; lines are cut after `lineBytesMax` bytes and without colours. */
  constructor(
    { stderrLinesMax: linesMax, stderrLineBytesMax: lineBytesMax }: StdioLimits,
    pace: LinePace,
    onLine: (line: string) => void,
  ) {
    this.#pace = pace;
    this.#splitter = new LineSplitter(lineBytesMax, (bytes) => {
      pace.line();
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
    this.#pace.chunk();
  }

  end(): void {
    this.#splitter.end();
  }
}
