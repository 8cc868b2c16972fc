import { setTimeout as delay } from "node:timers/promises";

/** Something that is done again and again until it is disposed of, which waits for what is still under way. */
export type Load = AsyncDisposable;

/** Does `act` every `everyMs` on average, in `lanes` lanes that each wait for its end. Failures are part of the load. */
export function startLoad(act: () => Promise<unknown>, everyMs: number, lanes = 1): Load {
  const stop = new AbortController();
  const lane = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await act().catch(() => {});
      await delay(everyMs * lanes, undefined, { signal: stop.signal }).catch(() => {});
    }
  };
  const running = Array.from({ length: lanes }, lane);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
    },
  };
}
