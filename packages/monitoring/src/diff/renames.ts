interface Named {
  readonly name: string;
}

/** Parts of names that say nothing about what is meant. */
const NOISE: ReadonlySet<string> = new Set(["mcp", "hangar", "total", "seconds", "mcphangar"]);

/** Above so many pairs nearly everything has another name, and a guess about one of them is worth nothing. */
const PAIRS_MAX = 10_000;

/**
 * What each of the items that are gone seems to have become: names to names. Of all pairs that are alike enough, the
 * most alike are taken first, and every new item once. It is a guess for people, never more.
 */
export function pairs<Item extends Named>(
  gone: readonly Item[],
  fresh: readonly Item[],
  { likeness, least }: { readonly likeness: (gone: Item, fresh: Item) => number; readonly least: number },
): ReadonlyMap<string, string> {
  if (gone.length * fresh.length > PAIRS_MAX) return new Map();
  const rated = gone
    .flatMap((item) => fresh.map((other) => ({ from: item.name, to: other.name, score: likeness(item, other) })))
    .filter(({ score }) => score >= least)
    .sort((a, b) => b.score - a.score);
  const found = new Map<string, string>();
  const taken = new Set<string>();
  for (const { from, to } of rated) {
    if (found.has(from) || taken.has(to)) continue;
    found.set(from, to);
    taken.add(to);
  }
  return found;
}

/** How many of the words of two names or sentences are the same, from 0 to 1. */
export function wordsAlike(a: string, b: string): number {
  const [left, right] = [wordsOf(a), wordsOf(b)];
  if (left.size === 0 || right.size === 0) return 0;
  return (2 * left.intersection(right).size) / (left.size + right.size);
}

function wordsOf(text: string): ReadonlySet<string> {
  const words = text
    .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z\d]+/);
  return new Set(words.filter((word) => word !== "" && !NOISE.has(word)));
}
