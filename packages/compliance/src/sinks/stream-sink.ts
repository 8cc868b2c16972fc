import type { Writable } from "node:stream";
import type { SendOutcome } from "@mcp-hangar/delivery";
import type { AuditSink, SinkEntry } from "../sink.ts";
import { CLOSED, ioFailed } from "./failure.ts";
import { OneAtATime } from "./one-at-a-time.ts";

export interface StreamSinkOptions {
  readonly name: string;
  /** Such as `process.stderr`. It is not ended: it belongs to who made it. */
  readonly stream: Writable;
}

/**
 * Writes records to a stream, one a line. The next batch waits until the stream has handed on the one before, so that a reader who does
 * not read makes records wait in the queue, which is bounded, and not in the stream, which is not.
 */
export class StreamSink implements AuditSink {
  readonly name: string;
  readonly acknowledged = false;
  readonly #stream: Writable;
  readonly #writes = new OneAtATime();
  #isClosed = false;

  constructor({ name, stream }: StreamSinkOptions) {
    this.name = name;
    this.#stream = stream;
    // The callback of each write is told of errors as well; without a listener they would end the process. It stays when the sink has
    // closed, because an error may come later, and there is one however many sinks a stream has had.
    if (!stream.listeners("error").includes(ignore)) stream.on("error", ignore);
  }

  readonly send = (batch: readonly SinkEntry[], signal: AbortSignal): Promise<SendOutcome> =>
    this.#writes.run(batch, signal, () => this.#write(batch));

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  #write(batch: readonly SinkEntry[]): Promise<SendOutcome> {
    if (this.#isClosed) return Promise.resolve(CLOSED);
    const text = batch.map((entry) => `${entry.text}\n`).join("");
    return new Promise((resolve) => {
      this.#stream.write(text, (error) => {
        resolve(error ? ioFailed(`the stream of "${this.name}" cannot be written`, error) : { kind: "delivered" });
      });
    });
  }
}

function ignore(): void {}
