import type { Draft, Export, LocalTrace } from "./local-trace.ts";

/** Pieces that all traces together may keep back: some 60 MB, and full batches of 300 callers. */
const HELD_MAX = 32_768;

/** Where pieces of traces go. */
export interface HeldBackOptions {
  readonly exportSpans: Export;
  /** Told of spans that would have been exported and are gone. */
  readonly onMissing: (spans: number) => void;
}

/**
 * What traces keep back that were not sampled, all of them together: when it is too much, the trace that has waited longest loses its part.
 * Work that never ends thus keeps nobody's failures from being exported as a whole.
 */
export class HeldBack {
  readonly options: HeldBackOptions;
  readonly #traces = new Set<LocalTrace>();
  #drafts = 0;

  constructor(options: HeldBackOptions) {
    this.options = options;
  }

  /** Pieces that wait. */
  get drafts(): number {
    return this.#drafts;
  }

  /** A trace keeps one piece more. */
  add(trace: LocalTrace): void {
    this.#traces.add(trace);
    this.#drafts += 1;
    if (this.#drafts <= HELD_MAX) return;
    const [oldest] = this.#traces;
    oldest?.loseHeld();
  }

  /** A trace has let go of its pieces. */
  remove(trace: LocalTrace, held: readonly Draft[]): void {
    this.#traces.delete(trace);
    this.#drafts -= held.length;
  }
}
