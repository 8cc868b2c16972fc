import type { Platform } from "../../platform/platform.ts";
import { backoffMs } from "../../resilience/backoff.ts";

/** What is followed, and who wants to know. */
export interface EventWatchOptions {
  readonly platform: Platform;
  /**
   * Follows a stream of events until it ends or fails; both are taken for an interruption, and it is called again.
   * Calls `onEvent` once when it is connected, because events may have been missed before, and then for each event.
   * Settles soon after the signal is aborted.
   */
  readonly follow: (onEvent: () => void, signal: AbortSignal) => Promise<void>;
  readonly onChange: () => void;
}

/** Milliseconds between two calls of `onChange`: a storm of events must not make the source be asked all the time. */
const HINT_INTERVAL_MS = 1_000;

/** Waits between two attempts to follow. */
const RECONNECT = { baseMs: 1_000, maxMs: 60_000 } as const;

/** A stream that lasted this long was a good one: its end says nothing about the next. In milliseconds. */
const STEADY_MS = 60_000;

/**
 * Follows a stream of events for as long as nobody stops it; returns how to. Why a stream fails is not told: the next
 * cycle of the source asks at the same place and says it.
 */
export function watchEvents({ platform, follow, onChange }: EventWatchOptions): () => void {
  const stopping = new AbortController();
  const { signal } = stopping;
  const { clock } = platform;
  let cancelWait = (): void => {};
  let cancelHint: (() => void) | undefined;
  let pending = false;

  const hint = (): void => {
    if (signal.aborted) return;
    if (cancelHint !== undefined) {
      pending = true;
      return;
    }
    cancelHint = clock.schedule(HINT_INTERVAL_MS, () => {
      cancelHint = undefined;
      if (!pending) return;
      pending = false;
      hint();
    });
    onChange();
  };

  const wait = (delayMs: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.schedule(delayMs, resolve);
      cancelWait = () => {
        cancel();
        resolve();
      };
    });

  const run = async (): Promise<void> => {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const startedMs = clock.nowMs();
      await follow(hint, signal).catch(() => undefined);
      if (clock.nowMs() - startedMs >= STEADY_MS) attempt = 0;
      if (!signal.aborted) await wait(backoffMs(attempt, RECONNECT, () => platform.random()));
    }
  };
  void run();

  return () => {
    stopping.abort(new Error("nobody watches any more"));
    cancelWait();
    cancelHint?.();
  };
}
