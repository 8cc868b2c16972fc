import { once } from "node:events";
import { isatty } from "node:tty";
import { escapedJson, onWriteError, terminalLine, terminalText } from "./terminal-text.ts";

const STDOUT = 1;

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

  /** Writes one line for people, in which what a terminal would obey is spelled out. */
  print(line: string): Promise<boolean> {
    return this.write(terminalLine(line));
  }

  /** Writes a line of JSON, which stays that for programs. */
  printJson(json: string): Promise<boolean> {
    return this.write(escapedJson(json));
  }

  /** Writes a line of another format for programs: as it is, but where people would see it. */
  printFormat(line: string): Promise<boolean> {
    return this.write(isatty(STDOUT) ? terminalText(line) : line);
  }

  end(): void {
    process.stdout.off("error", this.#onError);
  }

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE") onWriteError.call(process.stdout, error);
    this.#isClosed = true;
    process.stdout.emit("drain");
  };
}
