import type { Clock } from "../platform/platform.ts";

/** Work between two turns of the event loop, in characters of JSON and in items: some 10 ms on a slow machine. */
const TURN_CHARS = 256 * 1024;
const TURN_ITEMS = 500;

/** Counts work on the items of a long list, and says when others must have their turn. */
export class TurnBudget {
  readonly #clock: Pick<Clock, "defer">;
  #chars = 0;
  #items = 0;

  constructor(clock: Pick<Clock, "defer">) {
    this.#clock = clock;
  }

  /** Counts one item of so many characters. What it returns has to be awaited before the next. */
  spend(chars: number): Promise<void> | undefined {
    this.#chars += chars;
    this.#items++;
    if (this.#chars < TURN_CHARS && this.#items < TURN_ITEMS) return undefined;
    this.#chars = 0;
    this.#items = 0;
    return new Promise<void>((resolve) => this.#clock.defer(resolve));
  }
}
