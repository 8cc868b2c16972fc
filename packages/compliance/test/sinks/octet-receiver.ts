import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket, type TlsOptions } from "node:tls";

/** What a receiver does with connections. */
export type OctetBehaviour =
  | { readonly kind: "accept" }
  /** Accepts connections and reads nothing. */
  | { readonly kind: "hang" }
  /** Reads a little now and then. */
  | { readonly kind: "slow" }
  /** Resets each connection when so many bytes were read from it. */
  | { readonly kind: "reset"; readonly afterBytes: number }
  /** Resets each connection with so many bytes in its buffers that were not read. */
  | { readonly kind: "reset_unread"; readonly afterMs: number }
  /** Closes each connection in order when it comes. */
  | { readonly kind: "close" };

/**
 * A receiver of syslog over TCP or TLS that takes nothing but octet counting (RFC 6587, 3.4.1): a length without a leading zero, a space,
 * and so many bytes of UTF-8. What is anything else is a violation.
 */
export class OctetReceiver {
  readonly messages: string[] = [];
  readonly violations: string[] = [];
  connections = 0;
  #behaviour: OctetBehaviour;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, behaviour: OctetBehaviour) {
    this.#server = server;
    this.#behaviour = behaviour;
  }

  static async start({
    host = "127.0.0.1",
    port = 0,
    tls,
    behaviour = { kind: "accept" },
  }: OctetReceiverOptions = {}): Promise<OctetReceiver> {
    const server = tls === undefined ? createServer({ pauseOnConnect: true }) : createTlsServer(tls);
    const receiver = new OctetReceiver(server, behaviour);
    server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => receiver.#serve(socket));
    if (tls !== undefined) server.on("connection", (socket: Socket) => receiver.#keep(socket));
    await new Promise<void>((resolve) => server.listen(port, host, resolve));
    return receiver;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("it does not listen");
    return address.port;
  }

  /** Holds for connections that come later; those that are open are reset. */
  behave(behaviour: OctetBehaviour): void {
    this.#behaviour = behaviour;
    this.dropConnections();
  }

  dropConnections(): void {
    for (const socket of this.#sockets) if (!(socket instanceof TLSSocket)) socket.resetAndDestroy();
  }

  /** Only what is under TLS can be reset. */
  #reset({ remotePort }: Socket): void {
    for (const socket of this.#sockets) {
      if (!(socket instanceof TLSSocket) && socket.remotePort === remotePort) socket.resetAndDestroy();
    }
  }

  /** Closes connections in order, as a receiver that is restarted. */
  endConnections(): void {
    for (const socket of this.#sockets) socket.end();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
  }

  #serve(socket: Socket): void {
    this.#keep(socket);
    this.connections += 1;
    const behaviour = this.#behaviour;
    const frames = new OctetFrames(this);
    let bytes = 0;
    let isReset = false;
    socket.on("data", (chunk) => {
      // What TLS has decrypted already comes all the same.
      if (isReset) return;
      bytes += chunk.length;
      if (behaviour.kind === "reset" && bytes >= behaviour.afterBytes) {
        frames.add(chunk.subarray(0, chunk.length - (bytes - behaviour.afterBytes)));
        isReset = true;
        this.#reset(socket);
        return;
      }
      frames.add(chunk);
      if (behaviour.kind !== "slow") return;
      socket.pause();
      setTimeout(() => socket.resume(), 20);
    });
    switch (behaviour.kind) {
      case "accept":
      case "slow":
      case "reset":
        socket.resume();
        break;
      case "hang":
        socket.pause();
        break;
      case "reset_unread":
        socket.pause();
        setTimeout(() => this.#reset(socket), behaviour.afterMs);
        break;
      case "close":
        socket.end();
        socket.resume();
    }
  }
}

export interface OctetReceiverOptions {
  /** The address it listens on; that of IPv4 without it. */
  readonly host?: string;
  readonly port?: number;
  readonly tls?: TlsOptions;
  readonly behaviour?: OctetBehaviour;
}

/** The messages of one connection. What is left at its end was cut off by it, and is none. */
class OctetFrames {
  readonly #receiver: OctetReceiver;
  #rest = Buffer.alloc(0);
  #isBroken = false;

  constructor(receiver: OctetReceiver) {
    this.#receiver = receiver;
  }

  add(chunk: Buffer): void {
    if (this.#isBroken) return;
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const space = this.#rest.indexOf(0x20);
      if (space < 0 && this.#rest.length < 8) return;
      const length = this.#rest.subarray(0, space).toString("latin1");
      if (!/^[1-9][0-9]{0,6}$/.test(length)) return this.#violate(`a length is "${length.slice(0, 20)}"`);
      const end = space + 1 + Number(length);
      if (this.#rest.length < end) return;
      try {
        const message = new TextDecoder("utf-8", { fatal: true }).decode(this.#rest.subarray(space + 1, end));
        this.#receiver.messages.push(message);
      } catch {
        return this.#violate("a message is no UTF-8");
      }
      this.#rest = this.#rest.subarray(end);
      if (this.#rest.length === 0) return;
    }
  }

  #violate(what: string): void {
    this.#isBroken = true;
    this.#receiver.violations.push(what);
  }
}
