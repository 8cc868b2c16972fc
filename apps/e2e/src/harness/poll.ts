import { setTimeout as delay } from "node:timers/promises";

/** Pause between two looks, in ms: short against every deadline here, long against the cost of a look. */
const PAUSE_MS = 25;

/**
 * Asks `look` until it gives something other than `undefined` or `false`, and returns that.
 * Throws after `deadlineMs` with what was awaited and, if `look` threw, its last error as the cause.
 */
export async function poll<Found>(
  awaited: string,
  look: () => Promise<Found | undefined | false> | Found | undefined | false,
  deadlineMs = 10_000,
  pauseMs = PAUSE_MS,
): Promise<Found> {
  const deadline = performance.now() + deadlineMs;
  let cause: unknown;
  do {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await delay(pauseMs);
  } while (performance.now() < deadline);
  throw new Error(`waited ${deadlineMs} ms in vain for ${awaited}`, { cause });
}
