import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** One HTTP answer: its status, its head as it came, and the decoded body. */
export interface HttpAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Receives the answer of one request, or why there is none. */
export type OnAnswer = (answer: HttpAnswer | Error) => void;

/**
 * One keep-alive HTTP/1.1 connection with at most one request on it.
 *
 * Written on node:net because the load generator shares the machine with what it measures: `fetch` would cost more
 * than the gateway. It understands Content-Length and chunked bodies, which is all that an MCP server may send.
 */
export class HttpConnection {
  readonly #socket: Socket;
  #waiting: OnAnswer | undefined;
  #received: Buffer = Buffer.alloc(0);

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
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const answer = parseAnswer(this.#received);
    if (answer === undefined) return;
    this.#received = Buffer.alloc(0);
    this.#settle(answer);
  }

  #settle(answer: HttpAnswer | Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(answer);
  }
}

/** Reads one complete answer from the bytes received so far, or undefined while some are missing. */
export function parseAnswer(bytes: Buffer): HttpAnswer | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const head = bytes.toString("latin1", 0, headEnd);
  const status = Number(head.slice(9, 12));
  const start = headEnd + 4;
  const length = field(head, "content-length");
  if (length !== undefined) {
    const end = start + Number(length);
    return bytes.length < end ? undefined : { status, head, body: bytes.toString("utf8", start, end) };
  }
  if (field(head, "transfer-encoding") === "chunked") {
    const body = chunkedBody(bytes, start);
    return body === undefined ? undefined : { status, head, body };
  }
  return { status, head, body: "" };
}

/** The value of a header field whose name is given in lower case, or undefined; the value keeps its case. */
export function field(head: string, name: string): string | undefined {
  const at = head.toLowerCase().indexOf(`\r\n${name}: `);
  if (at < 0) return undefined;
  const start = at + name.length + 4;
  const end = head.indexOf("\r\n", start);
  return head.slice(start, end < 0 ? head.length : end);
}

function chunkedBody(bytes: Buffer, start: number): string | undefined {
  const parts: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const end = lineEnd + 2 + size;
    if (bytes.length < end + 2) return undefined;
    if (size === 0) return Buffer.concat(parts).toString("utf8");
    parts.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}
