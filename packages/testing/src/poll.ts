import { setTimeout as delay } from "node:timers/promises";

/**
 * How long a condition may take to come true, in ms. A green test does not wait for it, so it is what the slowest machine
 * needs beside other work, several times over.
 */
export const POLL_DEADLINE_MS = 60_000;

/** The first pause between two looks, in ms: most conditions come true within a few. */
const PAUSE_MIN_MS = 10;

/** Pauses grow up to this many ms, so that looking takes little from the processes that the test waits for. */
const PAUSE_MAX_MS = 200;

/** How much longer each pause is than the one before. */
const PAUSE_GROWTH = 1.3;

/**
 * Asks `look` until it gives something other than `undefined` or `false`, and returns that.
 * Throws after `deadlineMs` with what was awaited and, if `look` threw, its last error as the cause. A look that is
 * itself load, such as a call, may come with a `pauseMs` that does not grow.
 */
export async function poll<Found>(
  awaited: string,
  look: () => Promise<Found | undefined | false> | Found | undefined | false,
  deadlineMs: number = POLL_DEADLINE_MS,
  pauseMs?: number,
): Promise<Found> {
  const deadline = performance.now() + deadlineMs;
  let growingMs = PAUSE_MIN_MS;
  let cause: unknown;
  for (;;) {
    // Asked before the look: one that the machine delayed beyond the deadline still counts when it finds something.
    const last = performance.now() >= deadline;
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (last) throw new Error(`waited ${deadlineMs} ms in vain for ${awaited}`, { cause });
    await delay(Math.min(pauseMs ?? growingMs, Math.max(0, deadline - performance.now())));
    growingMs = Math.min(PAUSE_MAX_MS, growingMs * PAUSE_GROWTH);
  }
}
