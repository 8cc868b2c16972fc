import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import { createServer as createTlsServer, Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { refusalAnswer } from "./answer.ts";
import { authority } from "./host-names.ts";
import type { TlsCertificate } from "./tls-certificate.ts";

export interface ListenerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly headerBytesMax: number;
  readonly connectionsMax: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** Serves HTTPS; HTTP when absent. The listener closes it. */
  readonly certificate?: TlsCertificate | undefined;
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** How often slow requests are looked for, in ms; Node's own default of 30 s would be the real timeout of short ones. */
const TIMEOUT_CHECK_MS = 500;

/** A node:http server with limits on everything a client can spend: bytes, time and connections. */
export class HttpListener {
  readonly #options: ListenerOptions;
  readonly #server: Server | TlsServer;
  /** The answer being given on each connection, so that an error is not written into the middle of it. */
  readonly #answering = new WeakMap<Socket, ServerResponse>();

  constructor(options: ListenerOptions, handler: RequestHandler) {
    this.#options = options;
    const handle: RequestHandler = (request, response) => {
      this.#answering.set(request.socket, response);
      // A client that resets its connection is no error of ours; without a listener it would be fatal.
      response.on("error", () => {});
      handler(request, response);
    };
    const limits = {
      maxHeaderSize: options.headerBytesMax,
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      keepAliveTimeout: options.keepAliveTimeoutMs,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      noDelay: true,
    };
    const { certificate } = options;
    if (certificate === undefined) {
      this.#server = createServer(limits, handle);
    } else {
      // Who takes longer for the handshake than for a request's head is as slow, and holds as much.
      const server = createTlsServer(
        { ...limits, ...certificate.initial, handshakeTimeout: limits.headersTimeout },
        handle,
      );
      this.#server = server;
    }
    this.#server.maxConnections = options.connectionsMax;
    // Whoever reads the body says `100 Continue`, once it knows that it wants the body.
    this.#server.on("checkContinue", handle);
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) =>
      this.#onClientError(error, socket),
    );
  }

  /** Binds the address. Rejects with what happened and what to do. Resolves to the URL that works from here. */
  async listen(): Promise<{ readonly url: string; readonly host: string; readonly port: number }> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error) => reject(new Error(bindFailure(error, host, port), { cause: error })));
      this.#server.listen({ host, port }, resolve);
    });
    const { certificate } = this.#options;
    if (certificate !== undefined && this.#server instanceof TlsServer) certificate.follow(this.#server);
    // A TCP server's address is an AddressInfo once it listens.
    const address = this.#server.address() as AddressInfo;
    const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
    const scheme = certificate === undefined ? "http" : "https";
    return { url: `${scheme}://${authority(reachable, address.port)}`, host, port: address.port };
  }

  /** Accepts no more connections; those that wait for nothing are closed. */
  stopAccepting(): void {
    if (this.#server.listening) this.#server.close();
    this.#server.closeIdleConnections();
  }

  /** Ends every connection, whatever it is doing. */
  close(): void {
    this.#options.certificate?.close();
    this.stopAccepting();
    this.#server.closeAllConnections();
  }

  #onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
    const answering = this.#answering.get(socket);
    if (!socket.writable || error.code === "ECONNRESET" || isOwedAnother(answering)) {
      socket.destroy();
      return;
    }
    const { status, contentType, body } = refusalAnswer(refusalOf(error));
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      `content-type: ${contentType}`,
      `content-length: ${Buffer.byteLength(body)}`,
      "connection: close",
    ];
    socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
    // A client that goes on sending would keep the connection half open.
    socket.once("finish", () => socket.destroy());
  }
}

/** Whether the client waits for another answer, or is in the middle of one: an error would be taken for that one. */
function isOwedAnother(answering: ServerResponse | undefined): boolean {
  if (answering === undefined || answering.writableFinished) return false;
  return answering.headersSent || answering.req.complete;
}

function refusalOf({ code }: NodeJS.ErrnoException): Parameters<typeof refusalAnswer>[0] {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return {
        status: 431,
        code: "headers_too_large",
        message: "the request head is too large (http.max_header_bytes)",
      };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return { status: 408, code: "request_timeout", message: "the request took too long to arrive" };
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return { status: 413, code: "body_too_large", message: "the chunk extensions are too large" };
    default:
      return { status: 400, code: "bad_request", message: "this is not a valid HTTP/1.1 request" };
  }
}

function bindFailure(error: NodeJS.ErrnoException, host: string, port: number): string {
  const where = authority(host, port);
  switch (error.code) {
    case "EADDRINUSE":
      return `cannot listen on ${where}: the port is taken; stop what uses it or choose another with --port`;
    case "EACCES":
      return `cannot listen on ${where}: no permission; choose a port above 1023 with --port`;
    case "EADDRNOTAVAIL":
      return `cannot listen on ${where}: this machine has no such address; choose another with --host`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `cannot listen on ${where}: the host name is unknown; choose another with --host`;
    default:
      return `cannot listen on ${where}: ${error.message}`;
  }
}
