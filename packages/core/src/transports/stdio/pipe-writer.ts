import type { Writable } from "node:stream";
import type { Clock } from "../../platform/platform.ts";

/** Puts lines into a pipe, in order: those of one turn of the event loop in one piece, and no faster than it drains. */
export class PipeWriter {
  readonly #pipe: Writable;
  readonly #clock: Pick<Clock, "defer">;
  readonly #queueLengthMax: number;
  #queue = "";
  #queued = 0;
  #written = 0;
  #scheduled = false;
  #blocked = false;
  readonly #flush = (): void => this.#write();

  constructor(pipe: Writable, clock: Pick<Clock, "defer">, queueLengthMax: number) {
    this.#pipe = pipe;
    this.#clock = clock;
    this.#queueLengthMax = queueLengthMax;
    pipe.on("drain", () => {
      this.#blocked = false;
      this.#write();
    });
  }

  /** Queues one line, which must hold no line break. The number is for `isWritten`; `undefined`: the queue is full. */
  push(line: string): number | undefined {
    // A line longer than the whole queue passes when nothing else waits, so that no message is too long for ever.
    if (this.#queue !== "" && this.#queue.length + line.length > this.#queueLengthMax) return undefined;
    this.#queue += line;
    this.#queue += "\n";
    this.#queued++;
    if (!this.#scheduled && !this.#blocked) {
      this.#scheduled = true;
      this.#clock.defer(this.#flush);
    }
    return this.#queued;
  }

  /** Whether a line may have reached the other side; false means that it certainly has not. */
  isWritten(line: number): boolean {
    return line <= this.#written;
  }

  #write(): void {
    this.#scheduled = false;
    if (this.#blocked || this.#queue === "" || !this.#pipe.writable) return;
    const text = this.#queue;
    this.#queue = "";
    this.#written = this.#queued;
    this.#blocked = !this.#pipe.write(text);
  }
}
