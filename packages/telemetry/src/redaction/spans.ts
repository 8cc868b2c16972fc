/** Pieces of a text that are to be hidden, as pairs of offsets; the end is exclusive. */
export class Spans {
  /** Start and end in turn. */
  #offsets: number[] = [];

  get size(): number {
    return this.#offsets.length / 2;
  }

  /** Adds a piece that no earlier one ends behind; pieces that touch become one. Constant time on average. */
  append(start: number, end: number): void {
    let from = start;
    const offsets = this.#offsets;
    while (offsets.length > 0 && (offsets.at(-1) ?? 0) >= from) {
      offsets.pop();
      from = Math.min(from, offsets.pop() ?? 0);
    }
    offsets.push(from, end);
  }

  /** Joins the pieces of another list in. */
  merge(other: Spans): void {
    if (other.size === 0) return;
    const pairs: [number, number][] = [];
    for (const list of [this.#offsets, other.#offsets]) {
      for (let at = 0; at < list.length; at += 2) pairs.push([list[at] ?? 0, list[at + 1] ?? 0]);
    }
    this.#offsets = [];
    let furthest = 0;
    for (const [start, end] of pairs.toSorted((a, b) => a[0] - b[0])) {
      furthest = Math.max(furthest, end);
      this.append(start, furthest);
    }
  }

  /** The first `charsMax` characters of the text, each piece replaced; a piece that the end cuts is replaced as a whole. */
  replaceIn(text: string, charsMax: number, replacement: string): string {
    let written = "";
    let from = 0;
    for (let at = 0; at < this.#offsets.length; at += 2) {
      const start = this.#offsets[at] ?? 0;
      if (start >= charsMax) break;
      written += text.slice(from, start) + replacement;
      from = this.#offsets[at + 1] ?? 0;
    }
    return written + text.slice(from, Math.max(from, charsMax));
  }
}
