import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import type { Clock, SendOutcome } from "@mcp-hangar/delivery";
import type { AuditSink, SinkEntry } from "../../sink.ts";
import { CLOSED, codeOf, connectionFailed } from "../failure.ts";
import { OneAtATime } from "../one-at-a-time.ts";
import { cutMessage } from "./cut-message.ts";

export interface UdpSyslogSinkOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Bytes of a datagram, from 480 to 65 507; a longer message is cut. Receivers are to take 2048 (RFC 5426), and most take 8192. */
  readonly datagramBytesMax?: number;
  readonly clock: Clock;
}

const DATAGRAM_BYTES_MAX = 8_192;
/** Milliseconds in which a receiver that is not there is told of, as far as it is told of at all. */
const REFUSAL_MS = 20;

/**
 * Sends each record as a syslog message in a datagram of its own. Nobody says whether one arrives: `delivered` means that they were sent,
 * and that no error came back at once. The text of a record is the whole message.
 */
export class UdpSyslogSink implements AuditSink {
  readonly name: string;
  readonly acknowledged = false;
  readonly #options: UdpSyslogSinkOptions;
  readonly #bytesMax: number;
  readonly #sends = new OneAtATime();
  #socket: Socket | undefined;
  /** What came back of datagrams that were sent. */
  #error: Error | undefined;
  #isClosed = false;

  /** @throws RangeError when no datagram can be so large, or every message would be cut to nothing. */
  constructor(options: UdpSyslogSinkOptions) {
    this.name = options.name;
    this.#options = options;
    this.#bytesMax = options.datagramBytesMax ?? DATAGRAM_BYTES_MAX;
    if (!(this.#bytesMax >= 480 && this.#bytesMax <= 65_507)) {
      throw new RangeError(`a datagram has from 480 to 65507 bytes, and never ${this.#bytesMax}`);
    }
  }

  readonly send = (batch: readonly SinkEntry[], signal: AbortSignal): Promise<SendOutcome> =>
    this.#sends.run(batch, signal, () => this.#send(batch, signal));

  close(): Promise<void> {
    this.#isClosed = true;
    this.#leave();
    return Promise.resolve();
  }

  async #send(batch: readonly SinkEntry[], signal: AbortSignal): Promise<SendOutcome> {
    const { host, port } = this.#options;
    try {
      const socket = await this.#open();
      for (const { text } of batch) {
        if (this.#isClosed || signal.aborted) return CLOSED;
        await this.#transmit(socket, cutMessage(text, this.#bytesMax));
      }
      await new Promise<void>((resolve) => void this.#options.clock.schedule(REFUSAL_MS, resolve));
      if (this.#error !== undefined) throw this.#error;
      return { kind: "delivered" };
    } catch (error) {
      // The name may lead elsewhere the next time.
      this.#leave();
      const hint =
        codeOf(error) === "EMSGSIZE" ? "; this system sends no datagrams of that size, so allow fewer bytes" : "";
      const outcome = connectionFailed(`syslog at ${host}:${port} over UDP`, error);
      return { ...outcome, message: `${outcome.message}${hint}` };
    }
  }

  async #open(): Promise<Socket> {
    if (this.#socket !== undefined) return this.#socket;
    const { host, port } = this.#options;
    const { address, family } = await lookup(host);
    const socket = createSocket(family === 6 ? "udp6" : "udp4");
    socket.on("error", (error) => {
      if (this.#socket === socket || this.#socket === undefined) this.#error = error;
    });
    // A socket that only sends keeps no process from ending.
    socket.unref();
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("error", reject);
        socket.connect(port, address, () => {
          socket.off("error", reject);
          resolve();
        });
      });
    } catch (error) {
      socket.close();
      throw error;
    }
    this.#error = undefined;
    this.#socket = socket;
    return socket;
  }

  #transmit(socket: Socket, message: string): Promise<void> {
    return new Promise((resolve, reject) => {
      socket.send(message, (error) => {
        const failure = error ?? this.#error;
        if (failure) reject(failure);
        else resolve();
      });
    });
  }

  #leave(): void {
    this.#socket?.close();
    this.#socket = undefined;
    this.#error = undefined;
  }
}
