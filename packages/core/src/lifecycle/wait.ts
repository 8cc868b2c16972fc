import type { CancelSignal } from "../platform/cancellation.ts";
/** Waits for `promise` until `signal` aborts; true when the promise settled first. Leaves no listener behind. */
export function settledBefore(promise: Promise<unknown>, signal: CancelSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const onAbort = () => resolve(false);
    const onSettled = () => {
      signal.removeEventListener("abort", onAbort);
      resolve(true);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(onSettled, onSettled);
  });
}
