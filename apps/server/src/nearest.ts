import { distance } from "fastest-levenshtein";

/** The candidate that a mistyped `name` most likely means; `undefined` when none is near. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const wanted = normalise(name);
  const ranked = candidates
    .map((candidate) => ({ candidate, far: distance(wanted, normalise(candidate)) }))
    .sort((a, b) => a.far - b.far);
  const [best] = ranked;
  return best !== undefined && best.far <= Math.max(2, Math.floor(wanted.length / 3)) ? best.candidate : undefined;
}

function normalise(name: string): string {
  return name
    .slice(0, 100)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "");
}
