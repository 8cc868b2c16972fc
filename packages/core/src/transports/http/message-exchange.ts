import type { Transform } from "node:stream";
import type { HttpMethod } from "@mcp-hangar/telemetry";
import {
  decodeLargeMessage,
  decodeMessage,
  type IncomingMessage,
  LARGE_MESSAGE_BYTES,
  type MessageBatch,
} from "../../protocol/decode.ts";
import { joined } from "../joined.ts";
import { codingOf, createDecoder } from "./content-coding.ts";
import type { HttpClient } from "./http-client.ts";
import { HttpExchange, type ResponseHeaders } from "./http-exchange.ts";
import type { SkippedEvent } from "./skipped-event.ts";
import { SseParser, type SseSink } from "./sse-parser.ts";

/** How an HTTP request that carries JSON-RPC messages ended. */
export type Ending =
  /** The response ended as it should; all messages in it have been delivered. */
  | { readonly kind: "complete"; readonly stream: boolean; readonly status: number }
  /** A status other than 2xx, with the beginning of the body. */
  | { readonly kind: "status"; readonly status: number; readonly headers: ResponseHeaders; readonly body: Buffer }
  /** Connection trouble. `sent` is false when the request certainly did not leave; `stream`: an event stream broke. */
  | { readonly kind: "broken"; readonly error: Error; readonly sent: boolean; readonly stream: boolean }
  /** An answer that is not MCP; `reason` is a clause. */
  | { readonly kind: "unreadable"; readonly reason: string }
  /** The answer is larger than what is taken; `reason` is a clause. */
  | { readonly kind: "too_large"; readonly reason: string };

/** Who hears of the messages in a response. */
export interface MessageReceiver {
  /** `bytes` is the size of the message. */
  onMessage(message: IncomingMessage, exchange: MessageExchange, bytes: number): void;
  /** Called once, last, unless the exchange was aborted. */
  onEnding(ending: Ending, exchange: MessageExchange): void;
  /** The response has begun with a status of 2xx and a readable content type. */
  onOpen?(exchange: MessageExchange): void;
  /** An event of another type than `message` came in an event stream; without it such events are left out. */
  onNamedEvent?(type: string, data: Buffer, exchange: MessageExchange): void;
  /** An event was larger than what is taken, and is left out. Without it such an event ends the exchange. */
  onTooLarge?(event: SkippedEvent, exchange: MessageExchange): void;
}

/** What is kept of a body that is only good for an error message. */
const ERROR_BODY_BYTES = 16 * 1024;

/** Lines of an event stream after which others have their turn: some milliseconds of work, beside the rest of the chunk. */
const LINES_A_TURN = 1_000;

type Mode = "json" | "events" | "excerpt" | "nothing";

/** An HTTP request whose response is read as JSON-RPC, from a JSON body or from an event stream. */
export class MessageExchange extends HttpExchange implements SseSink {
  readonly #receiver: MessageReceiver;
  #mode: Mode = "nothing";
  #headers: ResponseHeaders = {};
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Lines of the event stream when others last had their turn on purpose. */
  #restedAtLine = 0;
  #parser: SseParser | undefined;
  /** Undoes the compression of the body; `undefined` when it has none. */
  #decoder: Transform | undefined;
  /** Whether the body of an error cannot be read. */
  #unreadable = false;
  /** Whether the receiver has heard of the ending, or must not. */
  #told = false;
  /** Messages that came while a large one is being read; `undefined` while none is. */
  #waiting: Buffer[] | undefined;
  #ending: Ending | undefined;
  /** Streams that outlive a request have no total limit, only one an event. */
  readonly #endless: boolean;
  readonly onTooLarge: SseSink["onTooLarge"];

  constructor(client: HttpClient, method: HttpMethod, receiver: MessageReceiver, endless = false) {
    super(client, method);
    this.#receiver = receiver;
    this.#endless = endless;
    if (receiver.onTooLarge !== undefined) {
      this.onTooLarge = (event) => {
        if (!this.#told) this.#receiver.onTooLarge?.(event, this);
      };
    }
  }

  /** Whether the response is an event stream that has not ended. */
  get streaming(): boolean {
    return this.#mode === "events" && !this.over;
  }

  get headers(): ResponseHeaders {
    return this.#headers;
  }

  /** The last event id of the stream, to resume from. */
  get lastEventId(): string | undefined {
    return this.#parser?.lastEventId;
  }

  /** Milliseconds the server wants to pass before a reconnect. */
  get retryMs(): number | undefined {
    return this.#parser?.retryMs;
  }

  protected override head(status: number, headers: ResponseHeaders): void {
    this.#headers = headers;
    const ok = status < 300;
    const type = ok ? contentType(headers) : "";
    if (!ok) this.#mode = "excerpt";
    else if (type.startsWith("application/json")) this.#mode = "json";
    else if (type.startsWith("text/event-stream")) {
      this.#mode = "events";
      this.#parser = new SseParser(this, this.client.limits.responseBytesMax);
      this.report(status);
    } else if (status === 200 && type !== "") {
      this.#giveUp(`the content type is ${type.slice(0, 100)}, neither application/json nor text/event-stream`);
      return;
    }
    const coding = codingOf(headers);
    if (typeof coding === "object") {
      if (ok) {
        this.#giveUp(`the body has the content coding ${coding.unknown}, which was not asked for`);
        return;
      }
      // Nobody could read the error page, and the status says enough.
      this.#unreadable = true;
    } else if (coding !== undefined) {
      this.#decoder = createDecoder(coding, {
        onChunk: (chunk) => this.#take(chunk),
        onEnd: () => this.#bodyEnded(),
        onError: () => this.#giveUp(`the body is not what its content coding, ${coding}, says`),
      });
    }
    if (ok) this.#receiver.onOpen?.(this);
  }

  protected override chunk(chunk: Buffer): void {
    if (this.#decoder === undefined) this.#take(chunk);
    else this.#decoder.write(chunk);
  }

  #take(chunk: Buffer): void {
    if (this.#told || this.#unreadable) return;
    this.#bytes += chunk.length;
    const { responseBytesMax } = this.client.limits;
    switch (this.#mode) {
      case "json":
        if (this.#bytes > responseBytesMax) this.#tooLarge("the body");
        else this.#chunks.push(chunk);
        break;
      case "events":
        if (!this.#endless && this.#bytes > responseBytesMax) {
          this.#tooLarge("the event stream");
        } else if (this.#parser?.push(chunk) === false) {
          this.#tooLarge("an event");
        } else {
          this.#restAfterMany(this.#parser?.lines ?? 0);
        }
        break;
      case "excerpt":
        if (this.#bytes <= ERROR_BODY_BYTES) this.#chunks.push(chunk);
        else this.#endEarly();
        break;
      case "nothing":
        break;
    }
  }

  protected override end(): void {
    if (this.#decoder === undefined) this.#bodyEnded();
    else this.#decoder.end();
  }

  override abort(): void {
    this.#told = true;
    this.#decoder?.destroy();
    super.abort();
  }

  #bodyEnded(): void {
    if (this.#told) return;
    if (this.#mode === "excerpt") {
      this.#end(this.#statusEnding());
      return;
    }
    if (this.#mode === "json" && this.#bytes > 0) {
      const body = joined(this.#chunks);
      this.#chunks = [];
      this.#receive(body);
    }
    this.#parser?.end();
    this.#end({ kind: "complete", stream: this.#mode === "events", status: this.status });
  }

  protected override fail(error: Error): void {
    this.#decoder?.destroy();
    const stream = this.#mode === "events";
    if (this.#tookWhole()) this.#end({ kind: "complete", stream, status: this.status });
    else this.#end({ kind: "broken", error, sent: this.sent, stream });
  }

  /** Whether the answer was whole though the body was cut off: half of a JSON text is none. */
  #tookWhole(): boolean {
    if (this.#mode !== "json" || this.#decoder !== undefined) return false;
    if (this.#bytes === 0 || this.#bytes >= LARGE_MESSAGE_BYTES) return false;
    const message = decodeMessage(Buffer.concat(this.#chunks));
    if (message.kind === "invalid") return false;
    this.#deliver(message, this.#bytes);
    return true;
  }

  onEvent(data: Buffer, type: string): void {
    // An abort from inside a receiver ends the delivery.
    if (this.#told) return;
    if (type !== "message") this.#receiver.onNamedEvent?.(type, data, this);
    else if (data.length > 0) this.#receive(data);
  }

  #restAfterMany(lines: number): void {
    if (lines - this.#restedAtLine < LINES_A_TURN) return;
    this.#restedAtLine = lines;
    this.rest();
  }

  #receive(bytes: Buffer): void {
    if (this.#waiting !== undefined) this.#waiting.push(bytes);
    else if (bytes.length >= LARGE_MESSAGE_BYTES) void this.#receiveLarge(bytes);
    else this.#deliver(decodeMessage(bytes), bytes.length);
  }

  /** Reads a large message in slices. What comes meanwhile waits, so that all is told in the order in which it was sent. */
  async #receiveLarge(first: Buffer): Promise<void> {
    const waiting = [first];
    this.#waiting = waiting;
    const { clock } = this.client;
    for (let bytes = waiting.shift(); bytes !== undefined; bytes = waiting.shift()) {
      const message =
        bytes.length >= LARGE_MESSAGE_BYTES
          ? await decodeLargeMessage(bytes, (resume) => clock.schedule(0, resume))
          : decodeMessage(bytes);
      if (this.#told) return;
      this.#deliver(message, bytes.length);
    }
    this.#waiting = undefined;
    const ending = this.#ending;
    if (ending !== undefined && !this.#told) this.#receiver.onEnding(ending, this);
  }

  #deliver(message: IncomingMessage | MessageBatch, bytes: number): void {
    if (message.kind !== "batch") {
      this.#receiver.onMessage(message, this, bytes);
      return;
    }
    for (const each of message.messages) {
      if (!this.#told) this.#receiver.onMessage(each, this, bytes);
    }
  }

  /** The response has ended; the receiver hears of that after the last message. */
  #end(ending: Ending): void {
    if (this.#waiting === undefined) this.#receiver.onEnding(ending, this);
    else this.#ending = ending;
  }

  #statusEnding(): Ending {
    return { kind: "status", status: this.status, headers: this.#headers, body: Buffer.concat(this.#chunks) };
  }

  /** The status is all that matters and is known; the rest of a huge error page is not worth reading. */
  #endEarly(): void {
    this.report(this.status);
    this.abort();
    this.#receiver.onEnding(this.#statusEnding(), this);
  }

  #giveUp(reason: string): void {
    this.#endWith({ kind: "unreadable", reason });
  }

  #tooLarge(what: string): void {
    const { responseBytesMax } = this.client.limits;
    this.#chunks = [];
    this.#endWith({ kind: "too_large", reason: `${what} has more than ${responseBytesMax} bytes (max_message_bytes)` });
  }

  #endWith(ending: Ending): void {
    if (this.#told) return;
    this.report(this.status);
    this.abort();
    this.#receiver.onEnding(ending, this);
  }
}

function contentType(headers: ResponseHeaders): string {
  const type = headers["content-type"];
  // Only an odd server needs the conversion; the usual value is compared as it came.
  return typeof type === "string" ? type.toLowerCase() : "";
}
