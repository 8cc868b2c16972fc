/** An object that is being built. */
export type Draft = Record<string, unknown>;

/** The names in each path that was used. Paths are written in the formats, so that there are few. */
const NAMES = new Map<string, readonly string[]>();

/** Sets a value under a path such as `event.code`, in objects that are made on the way. Nothing happens for `undefined`. */
export function setAt(draft: Draft, path: string, value: unknown): void {
  if (value === undefined) return;
  const names = namesOf(path);
  let inner = draft;
  for (const [at, name] of names.entries()) {
    if (at === names.length - 1) {
      inner[name] = value;
      return;
    }
    inner[name] ??= {};
    // Where an object is on the way, nothing else ever stands.
    inner = inner[name] as Draft;
  }
}

function namesOf(path: string): readonly string[] {
  let names = NAMES.get(path);
  if (names === undefined) {
    names = path.split(".");
    NAMES.set(path, names);
  }
  return names;
}
