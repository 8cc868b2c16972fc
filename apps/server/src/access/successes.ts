import type { Clock } from "@mcp-hangar/core";
import type { Caller, Door } from "@mcp-hangar/telemetry";
import { addressKey } from "../http/address-key.ts";

/** Combinations of credential, address and interface that are remembered; the one that was told of longest ago makes room. */
const REMEMBERED_MAX = 10_000;

/** Where a caller has come in. */
interface Place {
  readonly door: Door;
  /** Network address; empty when the connection is gone. */
  readonly address: string;
}

/**
 * Knows of which successful authentications to tell: of one in an interval for each credential, address and interface. A caller makes
 * thousands of requests with the same proof, and records of each would say nothing but hide everything else.
 */
export class Successes {
  readonly #clock: Clock;
  #intervalMs: number;
  /** When each was told of, in this order. */
  readonly #toldMs = new Map<string, number>();
  /** Most requests come from where the last one came from. */
  #last = { address: "", key: "" };

  constructor(intervalMs: number, clock: Clock) {
    this.#intervalMs = intervalMs;
    this.#clock = clock;
  }

  /** Whether to tell of this one; then it counts as told. */
  isDue({ credential }: Caller, { door, address }: Place): boolean {
    if (address !== this.#last.address) this.#last = { address, key: addressKey(address) };
    const key = `${door} ${this.#last.key} ${credential}`;
    const nowMs = this.#clock.nowMs();
    const toldMs = this.#toldMs.get(key);
    if (toldMs !== undefined && nowMs - toldMs < this.#intervalMs) return false;
    this.#toldMs.delete(key);
    if (this.#toldMs.size >= REMEMBERED_MAX) {
      const [oldest] = this.#toldMs.keys();
      if (oldest !== undefined) this.#toldMs.delete(oldest);
    }
    this.#toldMs.set(key, nowMs);
    return true;
  }

  configure(intervalMs: number): void {
    this.#intervalMs = intervalMs;
  }
}
