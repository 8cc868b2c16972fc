import type { Clock } from "@mcp-hangar/core";
import type { EventListener, HangarEvent } from "@mcp-hangar/telemetry";

/**
 * Hands events on in the next turn, in their order, to a listener whose work is too much for the time of callers: by then they have their
 * answers. Events hold arguments and results, and are held for that one turn.
 */
export class DeferredEvents {
  readonly #listener: EventListener;
  readonly #clock: Pick<Clock, "defer">;
  #waiting: HangarEvent[] = [];

  constructor(listener: EventListener, clock: Pick<Clock, "defer">) {
    this.#listener = listener;
    this.#clock = clock;
  }

  readonly listener: EventListener = (event) => {
    if (this.#waiting.push(event) === 1) this.#clock.defer(() => this.drain());
  };

  /** Hands on at once what waits; before the listener closes. */
  drain(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const event of waiting) this.#listener(event);
  }
}
