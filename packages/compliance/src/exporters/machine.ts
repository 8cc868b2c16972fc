import { randomUUID } from "node:crypto";
import type { Clock } from "@mcp-hangar/delivery";

/**
 * The clock of this machine, for programs that have none of their own. What waits for it keeps the process alive, so that an `await` on
 * `close` ends as it should.
 */
export const machineClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  defer: (callback) => void setImmediate(callback),
};

/** Uniform in [0, 1). */
export const machineRandom = (): number => Math.random();

/** An id that no other record has. */
export const newRecordId = (): string => randomUUID();
