import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { TlsOptions } from "node:tls";
import { gunzipSync } from "node:zlib";

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As it came. */
  readonly body: Buffer;
  /** Decompressed, if it says that it is compressed. */
  readonly text: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What a receiver does with requests, instead of answering them as it should. */
export type HttpFault =
  | { readonly kind: "none" }
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "hang" }
  /** Resets the connection in the middle of the request. */
  | { readonly kind: "reset" }
  /** Does what it should, and resets the connection instead of answering. */
  | { readonly kind: "reset_after" }
  /** Answers late. */
  | { readonly kind: "slow"; readonly delayMs: number };

/** A receiver over HTTP whose answers a test gives. */
export class HttpReceiver {
  readonly requests: Received[] = [];
  fault: HttpFault = { kind: "none" };
  /** How many requests the fault is for. */
  faultsLeft = Number.POSITIVE_INFINITY;
  readonly #server: Server;
  readonly #scheme: "http" | "https";

  private constructor(server: Server, scheme: "http" | "https") {
    this.#server = server;
    this.#scheme = scheme;
  }

  static async start(
    answer: (request: Received) => Answer,
    { port = 0, tls }: { readonly port?: number; readonly tls?: TlsOptions } = {},
  ): Promise<HttpReceiver> {
    const server = tls === undefined ? createServer() : createTlsServer(tls);
    const receiver = new HttpReceiver(server, tls === undefined ? "http" : "https");
    server.on("request", (request, response: ServerResponse) => {
      const fault = receiver.#takeFault();
      if (fault.kind === "reset") {
        request.once("data", () => request.socket.resetAndDestroy());
        return;
      }
      const chunks: Buffer[] = [];
      request.on("error", () => undefined);
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method = "", url = "", headers } = request;
        const body = Buffer.concat(chunks);
        const text = (headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString();
        const received = { method, path: url, headers, body, text };
        receiver.requests.push(received);
        if (fault.kind === "hang") return;
        if (fault.kind === "answer") return reply(response, fault.answer);
        const right = answer(received);
        if (fault.kind === "reset_after") request.socket.resetAndDestroy();
        else if (fault.kind === "slow") setTimeout(() => reply(response, right), fault.delayMs);
        else reply(response, right);
      });
    });
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return receiver;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("it does not listen");
    return address.port;
  }

  get url(): URL {
    return new URL(`${this.#scheme}://127.0.0.1:${this.port}`);
  }

  /** Does `fault` with so many requests. */
  fail(fault: HttpFault, requests = Number.POSITIVE_INFINITY): void {
    this.fault = fault;
    this.faultsLeft = requests;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #takeFault(): HttpFault {
    if (this.faultsLeft <= 0) return { kind: "none" };
    this.faultsLeft -= 1;
    return this.fault;
  }
}

function reply(response: ServerResponse, { status, headers, body = "" }: Answer): void {
  response.writeHead(status, headers).end(body);
}

/** The lines of a text that ends with a line break. Throws when it ends otherwise: something is torn. */
export function linesOf(text: string): readonly string[] {
  if (text === "") return [];
  if (!text.endsWith("\n")) throw new Error(`torn: ${text.slice(-50)}`);
  return text.slice(0, -1).split("\n");
}
