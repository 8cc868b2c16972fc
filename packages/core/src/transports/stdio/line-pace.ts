import type { Clock } from "../../platform/platform.ts";

/** Lines after which others have their turn: some milliseconds of work at most, beside the rest of the chunk. */
const LINES_A_TURN = 500;

/** A pipe that can be held back. */
export interface Flow {
  pause(): void;
  resume(): void;
}

/** Reads a pipe on when others had their turn: in one turn it hands over as many chunks as the server writes. */
export class LinePace {
  readonly #clock: Clock;
  readonly #flow: Flow;
  readonly #mayResume: () => boolean;
  #lines = 0;

  /** `mayResume` is asked before the flow goes on: it may be held back on behalf of something else meanwhile. */
  constructor(clock: Clock, flow: Flow, mayResume: () => boolean = () => true) {
    this.#clock = clock;
    this.#flow = flow;
    this.#mayResume = mayResume;
  }

  /** A line was read, of whatever kind. */
  line(): void {
    this.#lines++;
  }

  /** A chunk was read to its end. */
  chunk(): void {
    if (this.#lines < LINES_A_TURN) return;
    this.#lines = 0;
    this.#flow.pause();
    this.#clock.schedule(0, () => {
      if (this.#mayResume()) this.#flow.resume();
    });
  }
}
