import type { HangarEvent } from "@mcp-hangar/telemetry";

/** Events that wait at most; a scrape takes a fraction of a second, in which a busy gateway has hundreds. */
const WAITING_MAX = 10_000;

/**
 * Lets events wait while scrapes are written, so that a scrape that yields to other work is still as of one moment: what
 * was counted in one metric is counted in all.
 */
export class PausableListener {
  readonly #record: (event: HangarEvent) => void;
  #pauses = 0;
  #waiting: HangarEvent[] = [];
  readonly #errors: unknown[] = [];

  constructor(record: (event: HangarEvent) => void) {
    this.#record = record;
  }

  /** For the bus. Throws what recording throws, and what recording of events that had waited has thrown. */
  readonly listener = (event: HangarEvent): void => {
    if (this.#pauses === 0) {
      this.#record(event);
    } else if (this.#waiting.push(event) >= WAITING_MAX) {
      // Beyond that a scrape may be of several moments; no event is lost.
      this.#catchUp();
    }
    if (this.#errors.length > 0) throw new AggregateError(this.#errors.splice(0), "Could not record earlier events.");
  };

  /** Begins to let events wait; the returned function ends that. */
  pause(): () => void {
    this.#pauses += 1;
    return () => {
      this.#pauses -= 1;
      if (this.#pauses === 0) this.#catchUp();
    };
  }

  #catchUp(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const event of waiting) {
      try {
        this.#record(event);
      } catch (error) {
        // The bus counts errors of a listener when it calls it, so the next event tells of them.
        if (this.#errors.length < ERRORS_MAX) this.#errors.push(error);
      }
    }
  }
}

/** Errors that are kept until the next event. */
const ERRORS_MAX = 10;
