import { once } from "node:events";
import { terminalText } from "./terminal-text.ts";

/**
 * Lines on stdout, any number of them: the next one waits while nobody reads, and a reader that has seen enough (`| head`) ends the
 * command and is no error.
 */
export class LineOutput {
  #isClosed = false;

  constructor() {
    process.stdout.on("error", this.#onError);
  }

  /** Writes a line as it is. False when nobody reads any more. */
  async write(line: string): Promise<boolean> {
    if (this.#isClosed) return false;
    if (!process.stdout.write(`${line}\n`))
      await Promise.race([once(process.stdout, "drain"), once(process.stdout, "close")]);
    return !this.#isClosed;
  }

  /** Writes a line for people, or one of JSON, in which what a terminal would obey is spelled out. */
  print(line: string): Promise<boolean> {
    return this.write(terminalText(line));
  }

  end(): void {
    process.stdout.off("error", this.#onError);
  }

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE") throw error;
    this.#isClosed = true;
    process.stdout.emit("drain");
  };
}
