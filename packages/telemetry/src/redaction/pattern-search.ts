import type { Spans } from "./spans.ts";

/** A text that ends with this many of the first characters of a pattern was cut inside of it. */
const CUT_CHARS_MIN = 8;

/**
 * Finds many fixed texts in one pass (Aho-Corasick): the time grows with the text alone, however many patterns there are and
 * however they overlap. That matters because upstream servers write the texts, and registered servers choose patterns.
 *
 * A state stands for the longest beginning of a pattern that the text read so far ends with. Nearly every state has one
 * successor, so that those lie in flat arrays and only the others of a state in a map.
 */
export class PatternSearch {
  readonly #depth: Int32Array;
  /** Code unit that leads to the first successor of a state, and that successor. */
  readonly #unit: Int32Array;
  readonly #successor: Int32Array;
  /** Further successors, by state and code unit. */
  readonly #others = new Map<number, number>();
  /** The state to go on from when no successor fits. */
  readonly #fallback: Int32Array;
  /** Length of the longest pattern that ends in a state; 0 when none does. */
  readonly #ends: Int32Array;
  /** Hashes of the first two code units of the patterns: most positions of a text are passed over by one look. */
  readonly #beginnings = new Uint8Array(1 << 16);
  #states = 1;

  /** Patterns of fewer than two code units are never found. */
  constructor(patterns: readonly string[]) {
    const capacity = patterns.reduce((sum, { length }) => sum + length, 1);
    this.#depth = new Int32Array(capacity);
    this.#unit = new Int32Array(capacity).fill(-1);
    this.#successor = new Int32Array(capacity);
    this.#fallback = new Int32Array(capacity);
    this.#ends = new Int32Array(capacity);
    const parents = new Int32Array(capacity);
    const via = new Int32Array(capacity);
    for (const pattern of patterns) if (pattern.length >= 2) this.#insert(pattern, parents, via);
    this.#link(parents, via);
  }

  /** Adds where patterns stand in the text, in order and without overlaps. */
  find(text: string, spans: Spans): void {
    let state = 0;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (state === 0 && this.#beginnings[hashOf(unit, text.charCodeAt(at + 1))] === 0) continue;
      state = this.#next(state, unit);
      const length = this.#ends[state] ?? 0;
      if (length > 0) spans.append(at + 1 - length, at + 1);
    }
    const cut = this.#depth[state] ?? 0;
    if (cut >= CUT_CHARS_MIN) spans.append(text.length - cut, text.length);
  }

  #insert(pattern: string, parents: Int32Array, via: Int32Array): void {
    this.#beginnings[hashOf(pattern.charCodeAt(0), pattern.charCodeAt(1))] = 1;
    let state = 0;
    for (let at = 0; at < pattern.length; at++) {
      const unit = pattern.charCodeAt(at);
      const known = this.#child(state, unit);
      if (known !== 0) {
        state = known;
        continue;
      }
      const added = this.#states++;
      if (this.#unit[state] === -1) {
        this.#unit[state] = unit;
        this.#successor[state] = added;
      } else {
        this.#others.set(keyOf(state, unit), added);
      }
      this.#depth[added] = at + 1;
      parents[added] = state;
      via[added] = unit;
      state = added;
    }
    this.#ends[state] = pattern.length;
  }

  /** From shallow to deep, because the fallback of a state is found through that of its parent. */
  #link(parents: Int32Array, via: Int32Array): void {
    for (const state of this.#byDepth()) {
      const parent = parents[state] ?? 0;
      const fallback = parent === 0 ? 0 : this.#next(this.#fallback[parent] ?? 0, via[state] ?? 0);
      this.#fallback[state] = fallback;
      if (this.#ends[state] === 0) this.#ends[state] = this.#ends[fallback] ?? 0;
    }
  }

  #byDepth(): Int32Array {
    const places = new Int32Array(this.#states + 1);
    for (let state = 1; state < this.#states; state++) {
      const depth = this.#depth[state] ?? 0;
      places[depth + 1] = (places[depth + 1] ?? 0) + 1;
    }
    for (let depth = 1; depth <= this.#states; depth++) {
      places[depth] = (places[depth] ?? 0) + (places[depth - 1] ?? 0);
    }
    const order = new Int32Array(this.#states - 1);
    for (let state = 1; state < this.#states; state++) {
      const depth = this.#depth[state] ?? 0;
      const place = places[depth] ?? 0;
      order[place] = state;
      places[depth] = place + 1;
    }
    return order;
  }

  #next(from: number, unit: number): number {
    let state = from;
    for (;;) {
      const child = this.#child(state, unit);
      if (child !== 0 || state === 0) return child;
      state = this.#fallback[state] ?? 0;
    }
  }

  /** The successor of a state; 0, which is never one, when there is none. */
  #child(state: number, unit: number): number {
    if (this.#unit[state] === unit) return this.#successor[state] ?? 0;
    return this.#others.get(keyOf(state, unit)) ?? 0;
  }
}

function keyOf(state: number, unit: number): number {
  return state * 0x1_00_00 + unit;
}

/** At the end of a text the second unit is NaN, which counts as 0. */
function hashOf(first: number, second: number): number {
  return (first * 251 + second) & 0xff_ff;
}
