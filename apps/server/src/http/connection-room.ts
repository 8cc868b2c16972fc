import type { Socket } from "node:net";
import type { Clock } from "@mcp-hangar/core";
import { addressKey } from "./address-key.ts";
import type { Connection } from "./connection.ts";

export interface ConnectionLimits {
  readonly total: number;
  /** From one address, or one IPv6 network of 64 bits. */
  readonly perAddress: number;
  /** Beyond the limits, open at a time: enough for every probe and scraper that may come at once. */
  readonly reserved: number;
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

/** How long a connection beyond the limits may take for its one request, in ms. */
const RESERVED_MS = 5_000;
/** Connections that are looked at for one that makes room for a newcomer: 50 µs at worst. */
const LOOKED_AT_MAX = 1_024;

/** A connection within the limits. */
interface Place {
  readonly socket: Socket;
  readonly peer: string;
  readonly address: string;
  /** `undefined` until its first request has come. */
  connection: Pick<Connection, "isOwedAnswer" | "takeUsed"> | undefined;
}

/**
 * Counts connections. When there is no room for another one, an idle one makes it: of the same address when that has as many as it may.
 * When all of them wait for answers, the newcomer is let in all the same, but only for a request to a probe or to the metrics,
 * which must work in the very moment in which the gateway is full. Such a connection ends soon, and the oldest of them
 * makes room for the newest: a probe speaks at once, and those who hold connections do not.
 */
export class ConnectionRoom {
  readonly #limits: () => ConnectionLimits;
  readonly #isExempt: (address: string) => boolean;
  readonly #onFull: () => void;
  readonly #clock: Clock;
  readonly #all = new Set<Place>();
  /** By the peer of the connection. */
  readonly #places = new Map<string, Place>();
  readonly #byAddress = new Map<string, Set<Place>>();
  readonly #reserved = new Map<string, Socket>();

  constructor({ limits, isExempt, onFull, clock }: ConnectionRoomOptions) {
    this.#limits = limits;
    this.#isExempt = isExempt;
    this.#onFull = onFull;
    this.#clock = clock;
  }

  /** Takes in a TCP connection. */
  admit(socket: Socket): void {
    const remote = socket.remoteAddress;
    // The client has gone already.
    if (remote === undefined) return void socket.destroy();
    const address = addressKey(remote);
    const { total, perAddress } = this.#limits();
    const own = this.#byAddress.get(address) ?? new Set<Place>();
    const isFull = this.#all.size >= total;
    const isAddressFull = own.size >= perAddress && !this.#isExempt(remote);
    if (isAddressFull || isFull) {
      this.#onFull();
      const idle = idleOf(isAddressFull ? own : this.#all);
      if (idle === undefined) return this.#reserve(socket);
      this.#leave(idle);
      idle.socket.destroy();
    }
    const place: Place = { socket, peer: peerOf(socket), address, connection: undefined };
    this.#all.add(place);
    this.#places.set(place.peer, place);
    this.#byAddress.set(address, own.add(place));
    socket.once("close", () => this.#leave(place));
  }

  /** Says which connection there is now over a TCP connection, or over the TLS connection over it. */
  watch(socket: Socket, connection: Pick<Connection, "isOwedAnswer" | "takeUsed">): void {
    const place = this.#places.get(peerOf(socket));
    if (place !== undefined) place.connection = connection;
  }

  /** Whether a connection, or the TLS connection over it, is one beyond the limits. */
  isReserved(socket: Socket): boolean {
    return this.#reserved.size > 0 && this.#reserved.has(peerOf(socket));
  }

  #leave(place: Place): void {
    this.#all.delete(place);
    if (this.#places.get(place.peer) === place) this.#places.delete(place.peer);
    const own = this.#byAddress.get(place.address);
    own?.delete(place);
    if (own?.size === 0) this.#byAddress.delete(place.address);
  }

  #reserve(socket: Socket): void {
    if (this.#reserved.size >= this.#limits().reserved) this.#endOldest();
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

/**
 * A connection that waits for nothing: the first that was not used since it was looked at before (the algorithm CLOCK), or else the
 * first of all. Those looked at go to the end, so that others are looked at next time.
 */
function idleOf(places: Set<Place>): Place | undefined {
  let used: Place | undefined;
  let left = Math.min(LOOKED_AT_MAX, places.size);
  for (const place of places) {
    if (left-- === 0) break;
    places.delete(place);
    places.add(place);
    const { connection } = place;
    if (connection === undefined) return place;
    if (connection.isOwedAnswer) continue;
    if (!connection.takeUsed()) return place;
    used ??= place;
  }
  return used;
}

/** The same for a TCP connection and the TLS connection over it. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
