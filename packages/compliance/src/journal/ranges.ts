/** The first and the last of numbers that follow each other. */
export type NumberRange = readonly [from: number, to: number];

/** Ranges that are kept: more come only from journals that somebody has made up. */
const RANGES_MAX = 1_000;

/** A set of whole numbers, kept as ranges that neither touch nor overlap. */
export class Ranges {
  #ranges: readonly NumberRange[] = [];

  /** False when there are too many ranges to keep one more. */
  add([from, to]: NumberRange): boolean {
    if (this.#ranges.length >= RANGES_MAX) return false;
    const apart = this.#ranges.filter(([begin, end]) => end + 1 < from || begin > to + 1);
    const joined = this.#ranges.filter(([begin, end]) => end + 1 >= from && begin <= to + 1);
    const range = [
      Math.min(from, ...joined.map(([begin]) => begin)),
      Math.max(to, ...joined.map(([, end]) => end)),
    ] as const;
    this.#ranges = [...apart, range].toSorted(([one], [other]) => one - other);
    return true;
  }

  /** The ranges that are left without the numbers of another set. */
  without(other: Ranges): readonly NumberRange[] {
    return this.#ranges.flatMap(([from, to]) => {
      const left: NumberRange[] = [];
      let begin = from;
      for (const [start, end] of other.#ranges) {
        if (end < begin || start > to) continue;
        if (start > begin) left.push([begin, start - 1]);
        begin = end + 1;
      }
      return begin <= to ? [...left, [begin, to] as const] : left;
    });
  }
}
