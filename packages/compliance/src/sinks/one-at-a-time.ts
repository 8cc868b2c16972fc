import type { SendOutcome } from "@mcp-hangar/delivery";
import type { SinkEntry } from "../sink.ts";
import { ABANDONED, ioFailed } from "./failure.ts";

interface Work {
  readonly batch: readonly SinkEntry[];
  readonly done: Promise<SendOutcome>;
  state: "running" | "delivered" | "failed";
}

/**
 * Carries batches where carrying cannot be interrupted, one at a time. An attempt that has taken too long ends, and its work goes on: the
 * next attempt for the same batch joins it, or learns that it is done, and one for another batch waits for its end.
 */
export class OneAtATime {
  #last: Work | undefined;

  /** Does `work` for a batch; `work` never rejects in a way that counts for more than a failed attempt. */
  async run(batch: readonly SinkEntry[], signal: AbortSignal, work: () => Promise<SendOutcome>): Promise<SendOutcome> {
    if (this.#last?.batch !== batch) {
      while (this.#last?.state === "running") {
        if ((await unlessAborted(this.#last.done, signal)) === ABANDONED) return ABANDONED;
      }
    }
    if (signal.aborted) return ABANDONED;
    const last = this.#last;
    const isJoined = last?.batch === batch && last.state !== "failed";
    return unlessAborted(isJoined ? last.done : this.#begin(batch, work), signal);
  }

  /** Resolves when no work is being done. */
  async idle(): Promise<void> {
    while (this.#last?.state === "running") await this.#last.done;
  }

  #begin(batch: readonly SinkEntry[], work: () => Promise<SendOutcome>): Promise<SendOutcome> {
    const { promise: done, resolve } = Promise.withResolvers<SendOutcome>();
    const begun: Work = { batch, done, state: "running" };
    this.#last = begun;
    const end = (outcome: SendOutcome): void => {
      begun.state = outcome.kind === "delivered" ? "delivered" : "failed";
      resolve(outcome);
    };
    work().then(end, (error: unknown) => end(ioFailed("the sink failed", error)));
    return done;
  }
}

/** What `done` resolves to; `ABANDONED` as soon as the signal aborts. */
async function unlessAborted(done: Promise<SendOutcome>, signal: AbortSignal): Promise<SendOutcome> {
  if (signal.aborted) return ABANDONED;
  const { promise: aborted, resolve } = Promise.withResolvers<SendOutcome>();
  const abandon = (): void => resolve(ABANDONED);
  signal.addEventListener("abort", abandon, { once: true });
  try {
    return await Promise.race([done, aborted]);
  } finally {
    signal.removeEventListener("abort", abandon);
  }
}
