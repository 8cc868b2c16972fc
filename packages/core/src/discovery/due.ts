import type { Candidate } from "./candidate.ts";
import type { DiscoveryState, SourceRules, Surroundings } from "./state.ts";

/**
 * Milliseconds until something of a source falls due: a probe, or the end of what is missing. Infinite without any. `doneMs` is when
 * was done last what was due: time goes on between two looks at the clock.
 */
export function dueInMs({ candidates }: DiscoveryState, source: string, world: Surroundings, doneMs: number): number {
  const rules = world.sources.get(source);
  let dueMs = Number.POSITIVE_INFINITY;
  for (const candidate of candidates.values()) {
    const atMs = candidate.source === source && rules !== undefined ? dueAtMs(candidate, rules) : undefined;
    // What could have been done then waits for something else, such as a free id or a source that answers.
    if (atMs !== undefined && atMs > doneMs) dueMs = Math.min(dueMs, Math.max(0, atMs - world.nowMs));
  }
  return dueMs;
}

function dueAtMs({ standing, serving, missingSinceMs }: Candidate, rules: SourceRules): number | undefined {
  if (missingSinceMs === undefined) return standing.kind === "failed" ? standing.retryAtMs : undefined;
  if (rules.mode === "additive" && serving !== undefined) return undefined;
  return missingSinceMs + rules.ttl_s * 1_000;
}
