import type { Socket } from "node:net";
import type { Clock } from "@mcp-hangar/core";
import { addressKey } from "./address-key.ts";

export interface ConnectionLimits {
  readonly total: number;
  /** From one address, or one IPv6 network of 64 bits. */
  readonly perAddress: number;
}

export interface ConnectionRoomOptions {
  /** Read on each use, because they may change. */
  readonly limits: () => ConnectionLimits;
  /** Tells the addresses that the limit of one address is not for: trusted proxies, which speak for many clients. */
  readonly isExempt: (address: string) => boolean;
  /** Told of each connection beyond the limits. */
  readonly onFull: () => void;
  readonly clock: Clock;
}

/** Connections beyond the limits that are open at a time: enough for every probe and scraper that may come at once. */
const RESERVED_MAX = 64;
/** How long a connection beyond the limits may take for its one request, in ms. */
const RESERVED_MS = 5_000;

/**
 * Counts connections. One beyond the limits is let in all the same, but only for a request to a probe or to the metrics,
 * which must work in the very moment in which the gateway is full. Such a connection ends soon, and the oldest of them
 * makes room for the newest: a probe speaks at once, and those who hold connections do not.
 */
export class ConnectionRoom {
  readonly #limits: () => ConnectionLimits;
  readonly #isExempt: (address: string) => boolean;
  readonly #onFull: () => void;
  readonly #clock: Clock;
  readonly #byAddress = new Map<string, number>();
  readonly #reserved = new Map<string, Socket>();
  #open = 0;

  constructor({ limits, isExempt, onFull, clock }: ConnectionRoomOptions) {
    this.#limits = limits;
    this.#isExempt = isExempt;
    this.#onFull = onFull;
    this.#clock = clock;
  }

  /** Takes in a TCP connection. */
  admit(socket: Socket): void {
    const address = socket.remoteAddress;
    // The client has gone already.
    if (address === undefined) return void socket.destroy();
    const key = addressKey(address);
    const { total, perAddress } = this.#limits();
    const own = this.#byAddress.get(key) ?? 0;
    if (this.#open >= total || (own >= perAddress && !this.#isExempt(address))) return this.#reserve(socket);
    this.#open++;
    this.#byAddress.set(key, own + 1);
    socket.once("close", () => {
      this.#open--;
      const left = (this.#byAddress.get(key) ?? 0) - 1;
      if (left > 0) this.#byAddress.set(key, left);
      else this.#byAddress.delete(key);
    });
  }

  /** Whether a connection, or the TLS connection over it, is one beyond the limits. */
  isReserved(socket: Socket): boolean {
    return this.#reserved.size > 0 && this.#reserved.has(peerOf(socket));
  }

  #reserve(socket: Socket): void {
    this.#onFull();
    if (this.#reserved.size >= RESERVED_MAX) this.#endOldest();
    const peer = peerOf(socket);
    this.#reserved.set(peer, socket);
    const cancel = this.#clock.schedule(RESERVED_MS, () => socket.destroy());
    socket.once("close", () => {
      cancel();
      if (this.#reserved.get(peer) === socket) this.#reserved.delete(peer);
    });
  }

  #endOldest(): void {
    for (const [peer, socket] of this.#reserved) {
      this.#reserved.delete(peer);
      socket.destroy();
      return;
    }
  }
}

/** The same for a TCP connection and the TLS connection over it. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
