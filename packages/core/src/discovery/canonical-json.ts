/** Deeper than any definition of a server; what is announced may have been made to exhaust the stack. */
const DEPTH_MAX = 32;

/**
 * Plain data as JSON with the keys of objects in order, so that equal data is equal text.
 * @throws RangeError when it nests deeper than 32 levels or has more than `charactersMax` characters.
 */
export function canonicalJson(value: unknown, charactersMax: number): string {
  const text = JSON.stringify(ordered(value, 0)) ?? "null";
  if (text.length > charactersMax) throw new RangeError(`${text.length} characters, and ${charactersMax} are allowed`);
  return text;
}

function ordered(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth === DEPTH_MAX) throw new RangeError(`nested deeper than ${DEPTH_MAX} levels`);
  if (Array.isArray(value)) return value.map((item) => ordered(item, depth + 1));
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  // Without a prototype, so that a key named __proto__ is a key like any other.
  const copy: Record<string, unknown> = Object.create(null);
  for (const [key, item] of entries) copy[key] = ordered(item, depth + 1);
  return copy;
}
