import type { Clock } from "@mcp-hangar/delivery";
import type { LogLineRecord } from "./line-entry.ts";

/** Lines whose secrets are not hidden yet: what a busy gateway logs in a second. */
const PENDING_MAX = 16_384;
/** Lines that are taken in one turn of the event loop, so that none of them is long. */
const TURN_MAX = 64;

/** Makes the lines off the time of those who log, a few in each turn of the event loop. */
export class LineIntake {
  readonly #clock: Clock;
  readonly #take: (line: LogLineRecord) => void;
  #pending: (() => LogLineRecord)[] = [];
  #isDue = false;
  #overflowed = 0;
  #broken = 0;

  /** `take` may throw of a line, which is broken then. */
  constructor(clock: Clock, take: (line: LogLineRecord) => void) {
    this.#clock = clock;
    this.#take = take;
  }

  /** Lines for which there was no room. */
  get overflowed(): number {
    return this.#overflowed;
  }

  /** Lines that could not be made. */
  get broken(): number {
    return this.#broken;
  }

  /** Lines that are not made yet. */
  get pending(): number {
    return this.#pending.length;
  }

  add(line: () => LogLineRecord): void {
    if (this.#pending.length >= PENDING_MAX) {
      this.#overflowed += 1;
      return;
    }
    this.#pending.push(line);
    this.#arrange();
  }

  /** Makes all lines, at once. */
  flush(): void {
    this.#make(this.#pending.length);
  }

  #arrange(): void {
    if (this.#isDue || this.#pending.length === 0) return;
    this.#isDue = true;
    this.#clock.defer(() => {
      this.#isDue = false;
      this.#make(TURN_MAX);
      this.#arrange();
    });
  }

  #make(count: number): void {
    for (const line of this.#pending.splice(0, count)) {
      try {
        this.#take(line());
      } catch {
        this.#broken += 1;
      }
    }
  }
}
