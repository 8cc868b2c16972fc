interface HurryParts {
  /** Writes what waits, from the next turn of the event loop on; resolves to whether that was done. */
  readonly flush: () => Promise<boolean>;
  /** Whether more has come meanwhile. */
  readonly isMore: () => boolean;
}

/**
 * Has what somebody waits for written soon, together with what comes while the disk is busy: the next group begins when the one before is
 * on the disk, and at once when the disk is idle. No timer gathers more: it would cost each call more than it saves.
 */
export class Hurry {
  readonly #parts: HurryParts;
  #isUnderWay = false;

  constructor(parts: HurryParts) {
    this.#parts = parts;
  }

  begin(): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    const { flush, isMore } = this.#parts;
    void flush().then((isDone) => {
      this.#isUnderWay = false;
      if (isDone && isMore()) this.begin();
    });
  }
}
