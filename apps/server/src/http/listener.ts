import type { Server } from "node:http";
import { createServer as createTlsServer, Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { CancelTimer, Clock } from "@mcp-hangar/core";
import type { LoadShedReason } from "@mcp-hangar/telemetry";
import { refusalAnswer } from "./answer.ts";
import { Connection, type RequestHandler } from "./connection.ts";
import { type ConnectionLimits, ConnectionRoom } from "./connection-room.ts";
import { authority } from "./host-names.ts";
import type { TlsCertificate } from "./tls-certificate.ts";

// An import would ask the module for all that it has, and so load Node's HTTP and WebSocket clients: 30 ms and 2 MB at the start.
const { createServer, STATUS_CODES } = process.getBuiltinModule("node:http");

export interface ListenerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly headerBytesMax: number;
  /** Limits that are read on each use, because they may change. */
  readonly limits: () => ListenerLimits;
  /** Tells the addresses that the limit of connections from one address is not for: proxies with many clients. */
  readonly isProxy: (address: string) => boolean;
  /** Told of what is refused or ended because a limit is reached. */
  readonly onShed: (reason: LoadShedReason) => void;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** Serves HTTPS; HTTP when absent. The listener closes it. */
  readonly certificate?: TlsCertificate | undefined;
}

export interface ListenerLimits {
  readonly connections: ConnectionLimits;
  /** How long a client may take nothing of what was written for it. */
  readonly writeTimeoutMs: number;
}

/** Answers requests; those on connections beyond the limit go to `whenFull`. */
export interface RequestHandlers {
  readonly handle: RequestHandler;
  readonly whenFull: RequestHandler;
}

/** How often slow requests are looked for, in ms; Node's own default of 30 s would be the real timeout of short ones. */
const TIMEOUT_CHECK_MS = 500;
/** How often it is looked for clients that do not take their answers, in ms. */
const UNREAD_CHECK_MS = 1_000;

/** A node:http server with limits on everything a client can spend: bytes, time and connections. */
export class HttpListener {
  readonly #options: ListenerOptions;
  readonly #server: Server | TlsServer;
  readonly #room: ConnectionRoom;
  readonly #connections = new Map<Socket, Connection>();
  #cancelCheck: CancelTimer | undefined;

  constructor(options: ListenerOptions, { handle, whenFull }: RequestHandlers) {
    this.#options = options;
    const { clock, limits: read, isProxy: isExempt, onShed } = options;
    const onFull = (): void => onShed("connections");
    this.#room = new ConnectionRoom({ limits: () => read().connections, isExempt, onFull, clock });
    const answer: RequestHandler = (request, response) => {
      // A client that resets its connection is no error of ours; without a listener it would be fatal.
      response.on("error", () => {});
      if (!this.#room.isReserved(request.socket)) return handle(request, response);
      response.shouldKeepAlive = false;
      whenFull(request, response);
    };
    const take: RequestHandler = (request, response) => {
      const { socket } = request;
      let connection = this.#connections.get(socket);
      if (connection === undefined) {
        connection = new Connection(socket, answer);
        this.#connections.set(socket, connection);
        this.#room.watch(socket, connection);
        socket.once("close", () => this.#connections.delete(socket));
      }
      connection.take(request, response);
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
      this.#server = createServer(limits, take);
    } else {
      // Who takes longer for the handshake than for a request's head is as slow, and holds as much.
      const server = createTlsServer(
        { ...limits, ...certificate.initial, handshakeTimeout: limits.headersTimeout },
        take,
      );
      // Without a handshake nothing can be answered, and what is written waits for ever.
      server.on("tlsClientError", (_error, socket) => socket.destroy());
      this.#server = server;
    }
    this.#server.on("connection", (socket: Socket) => this.#room.admit(socket));
    // Whoever reads the body says `100 Continue`, once it knows that it wants the body.
    this.#server.on("checkContinue", take);
    this.#server.on("timeout", (socket: Socket) => {
      // The other timeout that a socket may have is that of an idle connection.
      const connection = this.#connections.get(socket);
      if (connection?.isWaitedFor === true) {
        if (!connection.isStalled(clock.nowMs(), read().writeTimeoutMs)) return;
        onShed("unread_answer");
      }
      socket.destroy();
    });
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
    this.#cancelCheck = this.#checkLater();
    // A TCP server's address is an AddressInfo once it listens.
    const address = this.#server.address() as AddressInfo;
    const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
    const scheme = certificate === undefined ? "http" : "https";
    return { url: `${scheme}://${authority(reachable, address.port)}`, host, port: address.port };
  }

  /** Connections with an answer that the client has not taken yet. */
  unsent(): number {
    return [...this.#connections.values()].filter(({ isUnsent }) => isUnsent).length;
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
    this.#cancelCheck?.();
    this.#server.closeAllConnections();
  }

  #checkLater(): CancelTimer {
    return this.#options.clock.schedule(UNREAD_CHECK_MS, () => {
      const nowMs = this.#options.clock.nowMs();
      const { writeTimeoutMs } = this.#options.limits();
      for (const [socket, connection] of this.#connections) {
        if (!connection.isOverdue(nowMs, writeTimeoutMs)) continue;
        this.#options.onShed("unread_answer");
        this.#connections.delete(socket);
        socket.destroy();
      }
      this.#cancelCheck = this.#checkLater();
    });
  }

  #onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
    // An error would be taken for the answer that the client waits for.
    const isOwed = this.#connections.get(socket)?.isOwedAnswer === true;
    if (!socket.writable || error.code === "ECONNRESET" || isOwed) {
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
