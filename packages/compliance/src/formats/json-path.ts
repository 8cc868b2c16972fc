/** An object that is being built. */
export type Draft = Record<string, unknown>;

/** Sets a value under a path such as `event.code`, in objects that are made on the way. Nothing happens for `undefined`. */
export function setAt(draft: Draft, path: string, value: unknown): void {
  if (value === undefined) return;
  const names = path.split(".");
  const last = names.pop();
  if (last === undefined) return;
  let inner = draft;
  for (const name of names) {
    inner[name] ??= {};
    // Paths are ours: where an object is on the way, nothing else ever stands.
    inner = inner[name] as Draft;
  }
  inner[last] = value;
}
