import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { AnswerReader, type HttpAnswer } from "./answer-reader.ts";

/** Receives the answer of one request, or why there is none. */
export type OnAnswer = (answer: HttpAnswer | Error) => void;

/**
 * One keep-alive HTTP/1.1 connection with at most one request on it.
 *
 * Written on node:net because the load generator shares the machine with what it measures: `fetch` would cost more
 * than the gateway.
 */
export class HttpConnection {
  readonly #socket: Socket;
  #waiting: OnAnswer | undefined;
  #reader = new AnswerReader();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", (error) => this.#settle(error));
    socket.on("close", () => this.#settle(new Error("the connection was closed before the answer was complete")));
  }

  /** Opens a connection to the host of a base address such as `http://127.0.0.1:41234`. */
  static async open(url: string): Promise<HttpConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, "connect");
    return new HttpConnection(socket);
  }

  /** Sends one request, head and body, and calls back once. */
  send(request: string, onAnswer: OnAnswer): void {
    if (this.#waiting !== undefined) throw new Error("a request is already in flight on this connection");
    this.#waiting = onAnswer;
    this.#socket.write(request);
  }

  /** Sends one request and waits for its answer; for everything that is not measured. */
  exchange(request: string): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      this.send(request, (answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
    });
  }

  /** Closes the connection; a request in flight is answered with an error. */
  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    const answer = this.#reader.take(chunk);
    if (answer === undefined) return;
    this.#reader = new AnswerReader();
    this.#settle(answer);
  }

  #settle(answer: HttpAnswer | Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(answer);
  }
}
