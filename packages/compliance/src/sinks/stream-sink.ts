import type { Writable } from "node:stream";
import type { SendOutcome } from "@mcp-hangar/delivery";
import type { AuditSink, SinkEntry } from "../sink.ts";
import { ABANDONED, CLOSED, ioFailed } from "./failure.ts";
import { unlessAborted } from "./unless-aborted.ts";

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
  /** What was written last; the stream may still have to hand it on. */
  #last: Write | undefined;
  #isClosed = false;
  readonly #onError = (): void => {};

  constructor({ name, stream }: StreamSinkOptions) {
    this.name = name;
    this.#stream = stream;
    // The callback of each write is told of errors as well; without a listener they would end the process.
    stream.on("error", this.#onError);
  }

  readonly send = async (batch: readonly SinkEntry[], signal: AbortSignal): Promise<SendOutcome> => {
    // What was written cannot be taken back: the attempt that is made again after a deadline finds its batch on the way or handed on.
    const last = this.#last;
    if (last?.state === "writing" && last.batch !== batch) await unlessAborted(last.done, signal);
    if (signal.aborted) return ABANDONED;
    if (this.#isClosed) return CLOSED;
    const isOnTheWay = last?.batch === batch && last.state !== "failed";
    return unlessAborted(isOnTheWay ? last.done : this.#write(batch), signal);
  };

  close(): Promise<void> {
    this.#isClosed = true;
    if (this.#last?.state !== "writing") this.#stream.off("error", this.#onError);
    return Promise.resolve();
  }

  #write(batch: readonly SinkEntry[]): Promise<SendOutcome> {
    const text = batch.map((entry) => `${entry.text}\n`).join("");
    const { promise: done, resolve } = Promise.withResolvers<SendOutcome>();
    const write: Write = { batch, done, state: "writing" };
    this.#last = write;
    this.#stream.write(text, (error) => {
      write.state = error ? "failed" : "done";
      resolve(error ? ioFailed(`the stream of "${this.name}" cannot be written`, error) : { kind: "delivered" });
    });
    return done;
  }
}

interface Write {
  readonly batch: readonly SinkEntry[];
  readonly done: Promise<SendOutcome>;
  state: "writing" | "done" | "failed";
}
