import type { CancelSignal } from "../../platform/cancellation.ts";
import type { IncomingMessage } from "../../protocol/decode.ts";
import type { HttpClient } from "./http-client.ts";
import { type Ending, MessageExchange, type MessageReceiver } from "./message-exchange.ts";
import type { SkippedEvent } from "./skipped-event.ts";

/** Who hears of what comes on a link. */
export interface LinkReceiver {
  /** `bytes` is the size of the message. */
  onMessage(message: IncomingMessage, bytes: number): void;
  /** A message was larger than what is taken, and was skipped. */
  onTooLarge(event: SkippedEvent): void;
  /** The stream has ended, and nothing comes any more. Called once, last. */
  onEnd(ending: Ending): void;
}

/** Why there is no link. */
export type NoLink =
  | { readonly kind: "ending"; readonly ending: Ending }
  /** The stream stood and did not say where messages go. */
  | { readonly kind: "silent" }
  /** Messages would go to another origin, or nowhere. */
  | { readonly kind: "foreign" }
  /** The start was given up; `sent` tells whether the server had been reached. */
  | { readonly kind: "aborted"; readonly sent: boolean };

/** Messages that are kept until somebody listens, and their bytes: news that a server sends right behind the handshake. */
const WAITING_MAX = 1_000;
const WAITING_BYTES_MAX = 1024 * 1024;
/** Bytes of the address; nobody takes longer ones. */
const ADDRESS_BYTES_MAX = 8_192;

/**
 * The two ways of HTTP+SSE (revision 2024-11-05): an event stream on which everything comes, and the address for everything that is
 * sent, which the stream names first. They begin and end together.
 */
export class SseLink {
  /** Where messages are posted: path and query at the origin of the endpoint. */
  readonly postPath: string;
  readonly #exchange: MessageExchange;
  readonly #waiting: [message: IncomingMessage, bytes: number][] = [];
  #waitingBytes = 0;
  #receiver: LinkReceiver | undefined;
  #ending: Ending | undefined;
  #closed = false;

  private constructor(postPath: string, exchange: MessageExchange) {
    this.postPath = postPath;
    this.#exchange = exchange;
  }

  /** Opens the stream and waits for the address. Never rejects; `signal` gives it up. */
  static open(client: HttpClient, headers: string[], signal: CancelSignal): Promise<SseLink | NoLink> {
    return new Promise<SseLink | NoLink>((resolve) => {
      let link: SseLink | undefined;
      const settle = (outcome: SseLink | NoLink): void => {
        signal.removeEventListener("abort", onAbort);
        if (!(outcome instanceof SseLink)) exchange.abort();
        resolve(outcome);
      };
      const onAbort = (): void =>
        settle(exchange.streaming ? { kind: "silent" } : { kind: "aborted", sent: exchange.sent });
      const receiver: MessageReceiver = {
        onNamedEvent(type, data) {
          if (type !== "endpoint" || link !== undefined) return;
          const isSane = data.length <= ADDRESS_BYTES_MAX;
          const path = isSane ? client.pathOf(data.toString("utf8").trim(), exchange.path) : undefined;
          if (path === undefined) return settle({ kind: "foreign" });
          link = new SseLink(path, exchange);
          settle(link);
        },
        onMessage(message, _exchange, bytes) {
          if (link !== undefined) link.#heard(message, bytes);
        },
        onTooLarge(event) {
          if (link !== undefined) link.#receiver?.onTooLarge(event);
        },
        onEnding(ending) {
          if (link === undefined) settle({ kind: "ending", ending });
          else link.#ended(ending);
        },
      };
      const exchange = new MessageExchange(client, "GET", receiver, true);
      signal.addEventListener("abort", onAbort);
      client.send(exchange, headers, null);
      if (signal.aborted) onAbort();
    });
  }

  /** From now on messages are for this receiver, and first those that have come meanwhile. */
  attach(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    this.#waitingBytes = 0;
    for (const [message, bytes] of this.#waiting.splice(0)) receiver.onMessage(message, bytes);
    if (this.#ending !== undefined) receiver.onEnd(this.#ending);
  }

  /** Keeps what comes from now on for the next receiver. */
  detach(): void {
    this.#receiver = undefined;
  }

  /** Ends the stream; nobody hears of that. */
  close(): void {
    this.#closed = true;
    this.#exchange.abort();
  }

  #heard(message: IncomingMessage, bytes: number): void {
    if (this.#receiver !== undefined) this.#receiver.onMessage(message, bytes);
    else if (this.#waiting.length < WAITING_MAX && this.#waitingBytes + bytes <= WAITING_BYTES_MAX) {
      this.#waitingBytes += bytes;
      this.#waiting.push([message, bytes]);
    }
  }

  #ended(ending: Ending): void {
    this.#ending = ending;
    if (!this.#closed) this.#receiver?.onEnd(ending);
  }
}
