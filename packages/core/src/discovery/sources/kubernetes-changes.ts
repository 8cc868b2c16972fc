import type { Change } from "./kubernetes-api.ts";
import { identify } from "./kubernetes-object.ts";

/**
 * Tells of each change whether it can matter: those of marked objects do, and of those that were marked. Most of what
 * happens in a cluster is about others, and must not make the source list everything again.
 */
export function relevantChanges(listed: readonly unknown[]): (change: Change) => boolean {
  const known = new Set<string>();
  for (const object of listed) {
    const identity = identify(object);
    if (identity?.enabled) known.add(identity.id);
  }
  return ({ type, object }) => {
    const identity = identify(object);
    if (identity === undefined) return false;
    const { id, enabled } = identity;
    const wasKnown = known.has(id);
    if (enabled && type !== "DELETED") known.add(id);
    else known.delete(id);
    return enabled || wasKnown;
  };
}
