import type { Clock } from "@mcp-hangar/core";

/**
 * The time by which keys and tokens expire: the latest wall time that was ever seen. When somebody sets the clock back, by
 * mistake or not, nothing that has expired is valid again; until the clock has caught up, time stands still here.
 */
export class ExpiryTime implements Pick<Clock, "wallMs"> {
  readonly #clock: Pick<Clock, "wallMs">;
  #latestMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, "wallMs">) {
    this.#clock = clock;
  }

  wallMs(): number {
    const nowMs = this.#clock.wallMs();
    if (nowMs > this.#latestMs) this.#latestMs = nowMs;
    return this.#latestMs;
  }

  /** How far the clock of the machine is behind, in ms. */
  behindMs(): number {
    return this.wallMs() - this.#clock.wallMs();
  }
}
