/** Longer names are not looked at: the protocol asks for 128 characters at most, and a caller could type megabytes. */
const NAME_CHARS_MAX = 256;

/** How much work is left for a match; what needs more does not fit. */
export interface MatchBudget {
  steps: number;
}

/**
 * A glob (`*` any run of characters, `?` one), taken apart once. Callers and servers choose the names, and who announces a
 * server even the globs, so this is not a regular expression, some of which take minutes for a short name. Between two stars
 * the first place that fits is as good as any.
 */
export class Glob {
  readonly #text: string;
  /** What stands between the stars; one piece when there is no star. */
  readonly #pieces: readonly string[];
  /** Characters that a name must have at least. */
  readonly #charsMin: number;

  constructor(text: string) {
    this.#text = text;
    this.#pieces = text.split("*");
    this.#charsMin = this.#pieces.reduce((sum, { length }) => sum + length, 0);
  }

  /** Whether a name fits; the work is taken from the budget. What is longer than `charsMax` does not fit. */
  matches(
    name: string,
    budget: MatchBudget = { steps: Number.POSITIVE_INFINITY },
    charsMax: number = NAME_CHARS_MAX,
  ): boolean {
    budget.steps--;
    if (name.length > charsMax || name.length < this.#charsMin) return false;
    // Most patterns, and every call asks.
    if (this.#text === "*" || this.#text === name) return true;
    const [first = "", ...rest] = this.#pieces;
    const last = rest.pop();
    if (last === undefined) return first.length === name.length && fitsAt(first, name, 0, budget);
    const end = name.length - last.length;
    if (!fitsAt(first, name, 0, budget) || !fitsAt(last, name, end, budget)) return false;
    let from = first.length;
    for (const piece of rest) {
      const at = placeOf(piece, name.slice(0, end), from, budget);
      if (at === -1) return false;
      from = at + piece.length;
    }
    return budget.steps > 0;
  }
}

/** Globs of the configuration that are kept taken apart: roles and options have no more, and every call asks. */
const KEPT_GLOBS_MAX = 1_000;
const kept = new Map<string, Glob>();

/** {@link Glob.matches} for a glob of the configuration. */
export function globMatches(text: string, name: string): boolean {
  let glob = kept.get(text);
  if (glob === undefined) {
    glob = new Glob(text);
    if (kept.size < KEPT_GLOBS_MAX) kept.set(text, glob);
  }
  return glob.matches(name);
}

/** Where a piece first fits; -1 when it does not. */
function placeOf(piece: string, text: string, from: number, budget: MatchBudget): number {
  if (!piece.includes("?")) {
    budget.steps -= text.length >> 3;
    return text.indexOf(piece, from);
  }
  for (let at = from; at <= text.length - piece.length && budget.steps > 0; at++) {
    if (fitsAt(piece, text, at, budget)) return at;
  }
  return -1;
}

function fitsAt(piece: string, text: string, start: number, budget: MatchBudget): boolean {
  if (!piece.includes("?")) return text.startsWith(piece, start);
  for (let at = 0; at < piece.length; at++) {
    budget.steps--;
    if (piece[at] !== "?" && piece[at] !== text[start + at]) return false;
  }
  return true;
}
