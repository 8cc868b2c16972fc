import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Clock } from "@mcp-hangar/delivery";
import { reasonText } from "../failure.ts";
import { readTlsFiles, type TlsFiles } from "../tls-files.ts";

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** Absent for TCP without TLS. */
  readonly tls: TlsFiles | undefined;
  /** Milliseconds in which a connection, TLS included, is made. */
  readonly connectTimeoutMs: number;
  /** Milliseconds in which the receiver makes room for what is written. */
  readonly stallTimeoutMs: number;
  readonly clock: Clock;
}

/** How a connection ended. `orderly`: the receiver closed it, and had read what had arrived by then. */
export interface ConnectionEnd {
  readonly kind: "orderly" | "broken";
  readonly message: string;
}

/** Milliseconds after which a silent connection is probed, so that a receiver that is gone is noticed. */
const KEEP_ALIVE_MS = 30_000;

/** A connection to a receiver that never answers. It knows when it has ended, also while nothing is written. */
export class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #ended = Promise.withResolvers<ConnectionEnd>();
  #end: ConnectionEnd | undefined;

  private constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on("error", (error) => this.#finish("broken", reasonText(error)));
    socket.on("end", () => this.#finish("orderly", "the receiver closed the connection"));
    socket.on("close", () => this.#finish("broken", "the connection is gone"));
    // Without reading, the end would not be seen. What a receiver of syslog says has no meaning.
    socket.resume();
    // What waits for a receiver keeps no process from ending.
    socket.unref();
  }

  /** Connects. Rejects with why that cannot be done. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const { host, port, tls, connectTimeoutMs, clock } = options;
    const tlsOptions = tls && (await readTlsFiles(tls));
    const socket = tlsOptions === undefined ? connectTcp({ host, port }) : connectTls({ host, port, ...tlsOptions });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const cancel = clock.schedule(connectTimeoutMs, () => reject(new Error(`no connection in ${connectTimeoutMs} ms`)));
    socket.once(tlsOptions === undefined ? "connect" : "secureConnect", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the receiver closed the connection while it was made")));
    try {
      await promise;
      return new Connection(socket, options);
    } catch (error) {
      socket.on("error", () => undefined);
      socket.destroy();
      throw error;
    } finally {
      cancel();
    }
  }

  /** How it ended; `undefined` while it is open. */
  get end(): ConnectionEnd | undefined {
    return this.#end;
  }

  /** Resolves when it has ended. */
  get ended(): Promise<ConnectionEnd> {
    return this.#ended.promise;
  }

  /** Writes bytes; true when the system has taken them, false when the connection has ended, or the receiver makes no room in time. */
  async write(bytes: Uint8Array): Promise<boolean> {
    if (this.#end !== undefined) return false;
    const { clock, stallTimeoutMs } = this.#options;
    const cancel = clock.schedule(stallTimeoutMs, () =>
      this.#finish("broken", `the receiver has read nothing for ${stallTimeoutMs} ms`),
    );
    const written = new Promise<boolean>((resolve) => {
      this.#socket.write(bytes, (error) => resolve(!error));
    });
    try {
      return (await Promise.race([written, this.#ended.promise.then(() => false)])) && this.#end === undefined;
    } finally {
      cancel();
    }
  }

  /** Whether it is still open after so many milliseconds. */
  async survives(ms: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.schedule(ms, resolve);
    await Promise.race([promise, this.#ended.promise]);
    cancel();
    return this.#end === undefined;
  }

  /** Says that nothing more comes, and waits until the receiver has closed as well, or for so many milliseconds. */
  async close(deadlineMs: number): Promise<void> {
    if (this.#end === undefined) {
      this.#socket.end();
      await this.survives(deadlineMs);
    }
    this.#finish("broken", "the sink has closed");
  }

  #finish(kind: ConnectionEnd["kind"], message: string): void {
    if (this.#end !== undefined) return;
    this.#end = { kind, message };
    this.#socket.destroy();
    this.#ended.resolve(this.#end);
  }
}
