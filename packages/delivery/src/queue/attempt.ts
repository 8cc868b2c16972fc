import type { Clock } from "../clock.ts";
import type { Send, SendOutcome } from "./send.ts";

/** How the end of an attempt that nobody waits for any more is told. */
export type AttemptOutcome = SendOutcome | { readonly kind: "abandoned" };

export interface AttemptOptions {
  readonly clock: Clock;
  /** Milliseconds an attempt may take; `undefined` leaves it without a deadline. */
  readonly timeoutMs: number | undefined;
  /** Aborted by its owner to abandon the attempt, and by the attempt when it has taken too long. */
  readonly controller: AbortController;
}

/** Sends a batch once. Never rejects, and settles by the deadline whatever `send` does. */
export function attempt<Entry>(
  send: Send<Entry>,
  batch: readonly Entry[],
  { clock, timeoutMs, controller }: AttemptOptions,
): Promise<AttemptOutcome> {
  return new Promise((resolve) => {
    const timeUp = (): void => {
      resolve({ kind: "retry", reason: "timeout", message: `no answer within ${timeoutMs} ms` });
      controller.abort();
    };
    const cancel = timeoutMs === undefined ? undefined : clock.schedule(timeoutMs, timeUp);
    const end = (outcome: AttemptOutcome): void => {
      cancel?.();
      resolve(outcome);
    };
    controller.signal.addEventListener("abort", () => end({ kind: "abandoned" }), { once: true });
    void guarded(send, batch, controller.signal).then(end);
  });
}

async function guarded<Entry>(send: Send<Entry>, batch: readonly Entry[], signal: AbortSignal): Promise<SendOutcome> {
  try {
    return await send(batch, signal);
  } catch (error) {
    return { kind: "retry", reason: "io", message: error instanceof Error ? error.message : String(error) };
  }
}
