import type { CancelTimer, Platform } from "../platform/platform.ts";
import { backoffMs } from "../resilience/backoff.ts";
import type { DiscoveredServer, DiscoverySource } from "./source.ts";

/** Sources must not fall into step. */
const JITTER = 0.1;
/** A hint is followed after this time: a file is written in several steps, and a deployment changes many things. */
const SETTLE_MS = 200;
/** A source that fails is asked again soon, however long its interval is, and then less and less often. */
const RETRY_MS = 5_000;
const RETRY_MS_MAX = 300_000;
/** However soon something falls due, a source is not asked in a tight loop. */
const PAUSE_MS_MIN = 100;

/** What a cycle brought: what is announced, or why that is not known. */
export type CycleOutcome =
  | { readonly kind: "announced"; readonly servers: readonly DiscoveredServer[] }
  | { readonly kind: "failed"; readonly error: string };

export interface SourceCyclesOptions {
  readonly source: DiscoverySource;
  readonly platform: Platform;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Told of the end of every cycle; returns whether it counts as a success, and when something falls due. */
  readonly onCycle: (outcome: CycleOutcome, durationMs: number) => CycleVerdict;
}

/** What a cycle means for the next one. */
export interface CycleVerdict {
  readonly succeeded: boolean;
  /** Milliseconds until something falls due; infinite when nothing does. */
  readonly dueInMs: number;
}

/** Asks one source again and again: on its interval, when it hints at a change, and on demand. Never twice at a time. */
export class SourceCycles {
  readonly #options: SourceCyclesOptions;
  readonly #stop = new AbortController();
  #timer: { readonly dueMs: number; readonly cancel: CancelTimer } | undefined;
  #unwatch: (() => void) | undefined;
  #running: Promise<void> | undefined;
  /** A cycle that was asked for while one ran: that one may have looked before the change. */
  #next: Promise<void> | undefined;
  /** What a source still does although its time was up. */
  #overdue: Promise<unknown> | undefined;
  #failures = 0;

  constructor(options: SourceCyclesOptions) {
    this.#options = options;
  }

  /** The first cycle begins at once. */
  start(): void {
    if (this.#stop.signal.aborted || this.#unwatch !== undefined) return;
    const { source } = this.#options;
    this.#unwatch = source.watch?.(() => this.#schedule(SETTLE_MS)) ?? ((): void => {});
    void this.run();
  }

  /** Runs a cycle that begins after this moment. Resolves when it has ended; never rejects. */
  run(): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.resolve();
    if (this.#running === undefined) return this.#begin();
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.run();
    });
    return this.#next;
  }

  /** Runs a cycle in that many milliseconds, unless one comes before. */
  wake(delayMs: number): void {
    if (delayMs < Number.POSITIVE_INFINITY) this.#schedule(Math.max(PAUSE_MS_MIN, delayMs));
  }

  /** Stops asking and frees the source. Resolves when the cycle under way has ended. */
  async close(): Promise<void> {
    this.#stop.abort(new Error("the gateway is shutting down"));
    this.#cancelTimer();
    this.#unwatch?.();
    await this.#running;
    await this.#options.source.close();
  }

  #begin(): Promise<void> {
    this.#cancelTimer();
    this.#running = this.#cycle().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #cycle(): Promise<void> {
    const { clock } = this.#options.platform;
    const startedMs = clock.nowMs();
    const outcome = await this.#ask();
    if (this.#stop.signal.aborted) return;
    const { succeeded, dueInMs } = this.#options.onCycle(outcome, clock.nowMs() - startedMs);
    this.#failures = succeeded ? 0 : this.#failures + 1;
    this.#schedule(Math.max(PAUSE_MS_MIN, Math.min(this.#delayMs(), dueInMs)));
  }

  async #ask(): Promise<CycleOutcome> {
    const { source, platform, timeoutMs } = this.#options;
    if (this.#overdue !== undefined) {
      return {
        kind: "failed",
        error: `it has not answered since the last cycle, which was given ${timeoutMs / 1_000} s`,
      };
    }
    const abort = new AbortController();
    const stop = (): void => abort.abort(this.#stop.signal.reason);
    this.#stop.signal.addEventListener("abort", stop, { once: true });
    const timeUp = new Error(`it did not answer within ${timeoutMs / 1_000} s (timeout_s)`);
    const cancel = platform.clock.schedule(timeoutMs, () => abort.abort(timeUp));
    const answer = this.#answer(source, abort.signal);
    const aborted = new Promise<CycleOutcome>((resolve) => {
      const settle = (): void => resolve({ kind: "failed", error: messageOf(abort.signal.reason) });
      abort.signal.addEventListener("abort", settle, { once: true });
    });
    const overdue = answer.then(() => {
      this.#overdue = undefined;
    });
    this.#overdue = overdue;
    try {
      return await Promise.race([answer, aborted]);
    } finally {
      cancel();
      this.#stop.signal.removeEventListener("abort", stop);
    }
  }

  async #answer(source: DiscoverySource, signal: AbortSignal): Promise<CycleOutcome> {
    try {
      return { kind: "announced", servers: await source.discover(signal) };
    } catch (error) {
      return { kind: "failed", error: messageOf(error) };
    }
  }

  /** The earliest wish counts: hints that never cease must not put the next cycle off for ever. */
  #schedule(delayMs: number): void {
    const { clock } = this.#options.platform;
    const dueMs = clock.nowMs() + delayMs;
    if (this.#stop.signal.aborted || (this.#timer !== undefined && this.#timer.dueMs <= dueMs)) return;
    this.#cancelTimer();
    const cancel = clock.schedule(delayMs, () => {
      this.#timer = undefined;
      void this.run();
    });
    this.#timer = { dueMs, cancel };
  }

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #delayMs(): number {
    const { intervalMs, platform } = this.#options;
    const random = (): number => platform.random();
    if (this.#failures > 0) {
      const limits = { baseMs: Math.min(intervalMs, RETRY_MS) * 2, maxMs: RETRY_MS_MAX };
      return backoffMs(this.#failures - 1, limits, random);
    }
    return intervalMs * (1 - JITTER + 2 * JITTER * random());
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 1_000);
}
