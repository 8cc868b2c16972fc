import type { HttpClient } from "./http-client.ts";
import { MessageExchange, type MessageReceiver } from "./message-exchange.ts";

/** A message that nobody waits for. */
interface Post {
  readonly headers: string[];
  readonly text: string;
  /** Path and query; those of the endpoint when `undefined`. */
  readonly path: string | undefined;
}

/**
 * Posts notifications, and answers to the server's own requests. What the server says to them is read and forgotten. A server can
 * cause such messages at will, and need not take them: they are bounded in number, in length and in time, and only a part of the
 * sockets is for them, so that calls find others.
 */
export class Postbox {
  readonly #client: HttpClient;
  readonly #waiting: Post[] = [];
  #underWay = 0;
  /** Characters of all messages that wait or are under way. */
  #length = 0;
  #closed = false;

  constructor(client: HttpClient) {
    this.#client = client;
  }

  /** False when the message was dropped, because the server takes too few of them. */
  post(headers: string[], text: string, path?: string): boolean {
    const { postsMax, postsLengthMax, postsAtOnceMax } = this.#client.limits;
    if (this.#closed || this.#underWay + this.#waiting.length >= postsMax) return false;
    if (this.#length + text.length > postsLengthMax) return false;
    this.#length += text.length;
    if (this.#underWay < postsAtOnceMax) this.#send({ headers, text, path });
    else this.#waiting.push({ headers, text, path });
    return true;
  }

  /** Drops what waits; what is under way ends with the client. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
  }

  #send({ headers, text, path }: Post): void {
    const { clock, limits } = this.#client;
    this.#underWay++;
    const over = (): void => {
      cancelTimer();
      this.#underWay--;
      this.#length -= text.length;
      const next = this.#waiting.shift();
      if (next !== undefined) this.#send(next);
    };
    const receiver: MessageReceiver = { onMessage: () => undefined, onEnding: over };
    const exchange = new MessageExchange(this.#client, "POST", receiver);
    const cancelTimer = clock.schedule(limits.postTimeoutMs, () => {
      exchange.abort();
      over();
    });
    this.#client.send(exchange, headers, text, path);
  }
}
