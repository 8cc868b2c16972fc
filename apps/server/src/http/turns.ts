/**
 * Runs the work of one subject piece by piece, in the order it came; subjects do not wait for each other. What waits is bounded
 * by whoever asks: here each piece is an open connection.
 */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Resolves or rejects as `work` does. */
  take<Result>(subject: string, work: () => Promise<Result>): Promise<Result> {
    const mine = (this.#last.get(subject) ?? Promise.resolve()).then(work);
    const ended = mine
      .then(
        () => {},
        () => {},
      )
      .finally(() => {
        if (this.#last.get(subject) === ended) this.#last.delete(subject);
      });
    this.#last.set(subject, ended);
    return mine;
  }

  /** Subjects whose work is not done. */
  get size(): number {
    return this.#last.size;
  }
}
