import type { CancelTimer, Clock } from "../../platform/platform.ts";
import type { HttpExchange } from "./http-exchange.ts";

/** Milliseconds a server has to end a stream that has carried the final answer. */
const GRACE_MS = 1_000;

/**
 * Event streams whose answer has come and whose end has not. Nearly all end in the same moment, and then their socket is
 * used again; those that do not are cut off after a grace time, so that an odd server cannot eat all sockets.
 */
export class Lingering {
  readonly #clock: Clock;
  readonly #max: number;
  /** Exchange to the time of its answer, oldest first. */
  readonly #since = new Map<HttpExchange, number>();
  #cancelTimer: CancelTimer | undefined;

  /** Beyond `max` the oldest is cut off at once. */
  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
  }

  add(exchange: HttpExchange): void {
    this.#since.set(exchange, this.#clock.nowMs());
    if (this.#since.size > this.#max) this.#cutOff(this.#since.keys().next().value);
    this.#cancelTimer ??= this.#clock.schedule(GRACE_MS, () => this.#sweep());
  }

  delete(exchange: HttpExchange): void {
    this.#since.delete(exchange);
  }

  clear(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#since.clear();
  }

  #cutOff(exchange: HttpExchange | undefined): void {
    if (exchange === undefined) return;
    this.#since.delete(exchange);
    exchange.abort();
  }

  #sweep(): void {
    this.#cancelTimer = undefined;
    const limit = this.#clock.nowMs() - GRACE_MS;
    for (const [exchange, since] of this.#since) {
      if (since > limit) break;
      this.#cutOff(exchange);
    }
    if (this.#since.size > 0) this.#cancelTimer = this.#clock.schedule(GRACE_MS, () => this.#sweep());
  }
}
