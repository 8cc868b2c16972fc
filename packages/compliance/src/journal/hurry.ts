import type { Clock } from "@mcp-hangar/delivery";

/** From so many records in one group on, the next ones gather until so many ms after it was begun, though somebody waits for them. */
const COMPANY_MIN = 4;
const COMPANY_MS = 1;

interface HurryParts {
  readonly clock: Clock;
  /** Writes what waits; resolves to whether that was done. */
  readonly flush: () => Promise<boolean>;
  /** Whether more has come meanwhile. */
  readonly isMore: () => boolean;
}

/**
 * Has what somebody waits for written soon, together with what comes while the disk is busy. One alone is written at once; where many
 * wait, more come at once, and writing each by itself would cost the calls more than the time in which they gather.
 */
export class Hurry {
  readonly #parts: HurryParts;
  #isUnderWay = false;
  #begunMs = Number.NEGATIVE_INFINITY;
  #hasCompany = false;

  constructor(parts: HurryParts) {
    this.#parts = parts;
  }

  begin(): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    const { clock } = this.#parts;
    const restMs = this.#hasCompany ? this.#begunMs + COMPANY_MS - clock.nowMs() : 0;
    if (restMs > 0) clock.schedule(restMs, () => this.#flush());
    else this.#flush();
  }

  /** Tells of a group of so many records that was written. */
  wrote(records: number): void {
    this.#hasCompany = records >= COMPANY_MIN;
  }

  #flush(): void {
    const { clock, flush, isMore } = this.#parts;
    this.#begunMs = clock.nowMs();
    void flush().then((isDone) => {
      this.#isUnderWay = false;
      if (isDone && isMore()) this.begin();
    });
  }
}
