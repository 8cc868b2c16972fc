import type { Clock } from "../../platform/platform.ts";
import {
  decodeLargeMessage,
  decodeMessage,
  type IncomingMessage,
  type InvalidMessage,
  LARGE_MESSAGE_BYTES,
  type MessageBatch,
} from "../../protocol/decode.ts";
import { RPC } from "../../protocol/json-rpc.ts";
import { type SkippedMessage, skippedMessage } from "../../protocol/skipped-message.ts";
import type { StdioLimits } from "./limits.ts";
import { type Flow, LinePace } from "./line-pace.ts";
import { LineSplitter, type SkippedEnd } from "./line-splitter.ts";

/** Who takes what a server writes. */
export interface MessageSink {
  /** Whether nothing is to be taken any more. */
  readonly isOver: () => boolean;
  /** A message, or what is none (`invalid`), which came as that line or as a part of it. */
  readonly onMessage: (message: IncomingMessage, line: Buffer) => void;
  /** A message of so many bytes was too large and is gone, but for what its ends tell. */
  readonly onTooLarge: (message: SkippedMessage, bytes: number) => void;
  /** The server broke the protocol beyond repair: nothing it sends can be understood any more. */
  readonly onBroken: (message: string) => void;
}

/** What a reader works with. */
export interface ReaderContext extends MessageSink {
  readonly clock: Clock;
  readonly limits: Pick<StdioLimits, "lineBytesMax" | "skippedBytesMax">;
  /** Holds back what the server writes for as long as there is enough to do. */
  readonly flow: Flow;
}

/** Bytes of `{"id":1}`: what is shorter does not even tell which request it may belong to, and need not be parsed. */
const MESSAGE_BYTES_MIN = 8;
const TOO_SHORT: InvalidMessage = {
  kind: "invalid",
  reason: "it is too short to be a message",
  code: RPC.parseError,
  id: undefined,
  answers: undefined,
};
/** Bytes of the beginning of a line that is too long: enough to tell what it was. */
const HEAD_BYTES = 512;

/** Reads messages out of what a server writes to its stdout, in the order in which it wrote them. */
export class MessageReader {
  readonly #context: ReaderContext;
  readonly #incoming: LineSplitter;
  readonly #pace: LinePace;
  /** Lines that came while a large one is being read; `undefined` while none is. */
  #waiting: Buffer[] | undefined;
  /** The first bytes of a line that is too long, until it has ended. */
  #head: Buffer | undefined;

  constructor(context: ReaderContext) {
    this.#context = context;
    // While a large message is read, the flow is held back on its behalf.
    this.#pace = new LinePace(context.clock, context.flow, () => this.#waiting === undefined);
    this.#incoming = new LineSplitter(
      context.limits.lineBytesMax,
      (line, truncated) => this.#receive(line, truncated),
      (skipped) => this.#skipped(skipped),
    );
  }

  /** Takes what came out of the server's stdout. */
  read(chunk: Buffer): void {
    this.#incoming.push(chunk);
    this.#pace.chunk();
    const { skippedBytesMax } = this.#context.limits;
    if (this.#incoming.skippedBytes > skippedBytesMax) {
      this.#context.onBroken(
        `the server wrote more than ${skippedBytesMax} bytes without a line break, which is no message`,
      );
    }
  }

  /** Nothing more comes: what is left without a line break is a message, too. */
  end(): void {
    this.#incoming.end();
  }

  #receive(line: Buffer, truncated: boolean): void {
    this.#pace.line();
    if (this.#context.isOver() || isBlank(line)) return;
    if (truncated) {
      this.#head = Buffer.from(line.subarray(0, HEAD_BYTES));
      return;
    }
    if (line.length < MESSAGE_BYTES_MIN) this.#context.onMessage(TOO_SHORT, line);
    else if (this.#waiting !== undefined) this.#waiting.push(line);
    else if (line.length >= LARGE_MESSAGE_BYTES) void this.#receiveLarge(line);
    else this.#take(decodeMessage(line), line);
  }

  /** Reads a large message in slices. What comes meanwhile waits, so that all is taken in the order in which it was written. */
  async #receiveLarge(first: Buffer): Promise<void> {
    const { clock, flow } = this.#context;
    const waiting = [first];
    this.#waiting = waiting;
    flow.pause();
    for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) {
      const large = line.length >= LARGE_MESSAGE_BYTES;
      const message = large
        ? await decodeLargeMessage(line, (resume) => clock.schedule(0, resume))
        : decodeMessage(line);
      if (this.#context.isOver()) return;
      this.#take(message, line);
    }
    this.#waiting = undefined;
    flow.resume();
  }

  #take(message: IncomingMessage | MessageBatch, line: Buffer): void {
    if (message.kind !== "batch") this.#context.onMessage(message, line);
    else for (const each of message.messages) this.#context.onMessage(each, line);
  }

  #skipped({ bytes, tail }: SkippedEnd): void {
    const message = skippedMessage(this.#head ?? tail, tail);
    this.#head = undefined;
    if (!this.#context.isOver()) this.#context.onTooLarge(message, bytes);
  }
}

/** What is longer is no separator between messages, but something to complain of. */
const BLANK_BYTES_MAX = 1_024;

function isBlank(line: Buffer): boolean {
  if (line.length > BLANK_BYTES_MAX) return false;
  for (const byte of line) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  return true;
}
