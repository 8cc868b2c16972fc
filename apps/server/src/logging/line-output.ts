import { close, write, writeSync } from "node:fs";
import type { Clock } from "@mcp-hangar/core";

/** How long a full pipe that does not block is left alone, in ms, before it is tried again. */
const FULL_PIPE_PAUSE_MS = 10;

/** Errors after which no later write can succeed: the reader is gone, or the descriptor is. */
const FINAL_CODES: ReadonlySet<string | undefined> = new Set(["EPIPE", "EBADF", "ECONNRESET", "ENOTCONN"]);

/** Why a write did not happen. `final` means that none will again. */
export interface OutputFailure {
  readonly final: boolean;
  readonly cause: Error;
}

/**
 * A file descriptor that log lines go to. Writes run off the event loop, so a reader that stalls delays lines, not
 * calls. What a failed write has left over is written before anything else.
 */
export class LineOutput {
  #fd: number;
  readonly #clock: Clock;
  #rest: Buffer = Buffer.alloc(0);
  #closed = false;
  #writing = false;
  /** Opened in the place of the present one, which is closed when nothing is being written to it. */
  #successor: number | undefined;

  constructor(fd: number, clock: Clock) {
    this.#fd = fd;
    this.#clock = clock;
  }

  /** Whether writes can still succeed. */
  get usable(): boolean {
    return !this.#closed;
  }

  /** Writes to another descriptor from now on, and closes the one before. */
  reopen(fd: number): void {
    if (this.#successor !== undefined) close(this.#successor);
    this.#successor = fd;
    if (!this.#writing) this.#succeed();
  }

  /** Writes all of `bytes`, after what an earlier failure left; one call at a time. Never rejects. */
  async write(bytes: Buffer): Promise<OutputFailure | undefined> {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length > 0 && !this.#closed) {
      const result = await this.#writeOnce();
      if (typeof result === "number") this.#rest = this.#rest.subarray(result);
      else if (result.code === "EAGAIN") await this.#pause();
      else return this.#fail(result);
    }
    return undefined;
  }

  /** Writes what is left over and `bytes` at once, on the event loop: for the last moments of the process. */
  writeNow(bytes: Buffer): void {
    let rest = Buffer.concat([this.#rest, bytes]);
    this.#rest = Buffer.alloc(0);
    for (let attempts = 0; rest.length > 0 && attempts < 100 && !this.#closed; attempts++) {
      try {
        rest = rest.subarray(writeSync(this.#fd, rest));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
      }
    }
  }

  async #writeOnce(): Promise<number | NodeJS.ErrnoException> {
    this.#writing = true;
    const result = await new Promise<number | NodeJS.ErrnoException>((resolve) =>
      write(this.#fd, this.#rest, (error, written) => resolve(error ?? written)),
    );
    this.#writing = false;
    this.#succeed();
    return result;
  }

  #succeed(): void {
    if (this.#successor === undefined) return;
    close(this.#fd);
    this.#fd = this.#successor;
    this.#successor = undefined;
    this.#closed = false;
  }

  #fail(cause: NodeJS.ErrnoException): OutputFailure {
    const final = FINAL_CODES.has(cause.code);
    if (final) {
      this.#closed = true;
      this.#rest = Buffer.alloc(0);
    }
    return { final, cause };
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#clock.schedule(FULL_PIPE_PAUSE_MS, resolve));
  }
}
