/**
 * Lets scrapes be rendered one after the other. Each yields between its pieces, but many at once would put a piece of each
 * between two turns of other work. Requests for the same that wait share one rendering, which begins after all of them.
 */
export class RenderTurns<Rendered> {
  #last: Promise<unknown> = Promise.resolve();
  readonly #waiting = new Map<string, Promise<Rendered>>();

  /** Requests with the same `key` want the same; one without shares with none. */
  take(render: () => Promise<Rendered>, key: string | undefined): Promise<Rendered> {
    const waiting = key === undefined ? undefined : this.#waiting.get(key);
    if (waiting !== undefined) return waiting;
    const rendered = this.#last.then(() => {
      if (key !== undefined) this.#waiting.delete(key);
      return render();
    });
    if (key !== undefined) this.#waiting.set(key, rendered);
    // The next one has its turn whether or not this one fails.
    this.#last = rendered.catch(() => {});
    return rendered;
  }
}
