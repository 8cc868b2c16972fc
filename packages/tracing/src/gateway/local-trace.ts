import type { HeldBack } from "./held-back.ts";
import type { SpanRecord } from "./span-record.ts";

/** The spans of a finished piece of work, which are made later than the work ended, or never. */
export interface Draft {
  /** How many there will be. */
  readonly spans: number;
  /** Bytes that the draft keeps alive until then, roughly. */
  readonly bytes: number;
  make(): readonly SpanRecord[];
}

/** Bytes of a draft without payload: facts, and the times of its attempts. */
export const DRAFT_BYTES = 2_000;

/** Takes drafts whose spans are to be exported. */
export type Export = (draft: Draft) => void;

/** Drafts that one trace may keep back: a batch has 100 items at most, each of which is called up to 10 times. */
const HELD_MAX = 1_000;

/**
 * The part of one trace that runs in this gateway: an operation or a call that came from outside, and everything beneath it. What is not
 * sampled is kept back until it ends, and exported as a whole if one piece of it turns out to be worth it.
 */
export class LocalTrace {
  /** Whether the sampler chose it: what is told to servers. */
  readonly sampled: boolean;
  readonly #heldBack: HeldBack;
  #held: Draft[] = [];
  /** Spans for which there was no room. */
  #missing = 0;
  #isKept: boolean;
  #isOver = false;

  constructor(sampled: boolean, heldBack: HeldBack) {
    this.sampled = sampled;
    this.#isKept = sampled;
    this.#heldBack = heldBack;
  }

  /** Whether its spans are exported, as far as is known by now. */
  get isKept(): boolean {
    return this.#isKept;
  }

  /** A piece of it has ended. */
  finish(draft: Draft, { isWorthIt, isRoot }: { readonly isWorthIt: boolean; readonly isRoot: boolean }): void {
    if (isWorthIt && !this.#isKept) this.#keep();
    if (this.#isKept) this.#heldBack.options.exportSpans(draft);
    else if (!isRoot && !this.#isOver) this.#hold(draft);
    if (!isRoot) return;
    this.#isOver = true;
    this.#letGo();
  }

  /** Makes room for others. */
  loseHeld(): void {
    for (const { spans } of this.#letGo()) this.#missing += spans;
  }

  #hold(draft: Draft): void {
    if (this.#held.length >= HELD_MAX) {
      this.#missing += draft.spans;
      return;
    }
    this.#held.push(draft);
    this.#heldBack.add(this);
  }

  #keep(): void {
    this.#isKept = true;
    const { exportSpans, onMissing } = this.#heldBack.options;
    for (const draft of this.#letGo()) exportSpans(draft);
    if (this.#missing > 0) onMissing(this.#missing);
  }

  #letGo(): readonly Draft[] {
    const held = this.#held;
    if (held.length === 0) return held;
    this.#held = [];
    this.#heldBack.remove(this, held);
    return held;
  }
}
