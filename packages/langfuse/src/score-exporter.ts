import { type Clock, DeliveryQueue, type SendOutcome } from "@mcp-hangar/delivery";
import { type Exporter, type ExporterHealth, type ExporterSnapshot, registeredName } from "@mcp-hangar/telemetry";
import { deliveryTimes, QUEUE_NAME } from "./delivery-times.ts";
import { type LangfuseApi, outcomeOf } from "./langfuse-api.ts";
import type { Settings } from "./options.ts";
import type { Score } from "./score.ts";

/** Scores that are on their way at once: the interface takes one a request. */
const CONCURRENT_MAX = 10;
const BATCH_RECORDS = 50;
/** Bytes of all scores that wait: some 300 each. */
const BYTES_MAX = 8 * 1024 * 1024;
/**
 * A request costs some 300 µs of the processor that answers calls, ten times as much as the observation. At this pace scores take a
 * thirtieth of it, and stay below what most plans of Langfuse take.
 */
const SCORES_A_SECOND_MAX = 100;

/** Sends scores. It has accounts of its own, so that they are not taken for observations. */
export class ScoreExporter implements Exporter {
  readonly name = `${QUEUE_NAME}_scores`;
  readonly signal = "traces";
  readonly #queue: DeliveryQueue<string>;
  readonly #clock: Clock;
  readonly #thinFrom: number;
  #sampled = 0;
  /** Who waits for what is queued; the pace does not matter to them. */
  #waiting = 0;

  constructor(api: LangfuseApi, { limits, clock, random }: Settings) {
    this.#clock = clock;
    this.#thinFrom = limits.recordsMax / 2;
    this.#queue = new DeliveryQueue({
      exporter: registeredName(this.name),
      signal: this.signal,
      send: (scores, signal) => this.#send(scores, (score) => postScore(api, score, signal)),
      sizeOf: ({ length }) => length,
      limits: { recordsMax: limits.recordsMax, bytesMax: BYTES_MAX },
      batch: { recordsMax: BATCH_RECORDS, bytesMax: BYTES_MAX, delayMs: deliveryTimes.delayMs },
      attemptTimeoutMs: deliveryTimes.attemptTimeoutMs,
      retry: deliveryTimes.retry,
      clock,
      random,
    });
  }

  /** False when there is no room for it. */
  offer(score: Score): boolean {
    return this.#queue.offer(JSON.stringify(score));
  }

  /**
   * The scores of one call. While Langfuse takes them but more calls are made than there are scores a second, some calls go without,
   * which is counted as `sampled` and is no loss: the others tell the same.
   */
  offerOfCall(scores: readonly Score[]): void {
    if (this.#queue.queuedRecords >= this.#thinFrom && this.#queue.problem === undefined)
      this.#sampled += scores.length;
    else for (const score of scores) this.offer(score);
  }

  snapshot(): ExporterSnapshot {
    const queue = this.#queue.snapshot();
    return { ...queue, dropped: { ...queue.dropped, sampled: this.#sampled } };
  }

  health(): ExporterHealth {
    const { problem } = this.#queue;
    return problem === undefined ? { status: "healthy" } : { status: "degraded", message: `scores: ${problem}` };
  }

  async flush(deadlineMs: number): Promise<boolean> {
    this.#waiting += 1;
    try {
      return await this.#queue.flush(deadlineMs);
    } finally {
      this.#waiting -= 1;
    }
  }

  close(deadlineMs: number): Promise<void> {
    this.#waiting += 1;
    return this.#queue.close(deadlineMs);
  }

  /** A few at a time; when one of them is to be tried again, the rest waits for that. */
  async #send(scores: readonly string[], post: (score: string) => Promise<SendOutcome>): Promise<SendOutcome> {
    const outcomes: SendOutcome[] = [];
    while (outcomes.length < scores.length) {
      const trouble = outcomes.find(({ kind }) => kind === "retry");
      const group = scores.slice(outcomes.length, outcomes.length + CONCURRENT_MAX);
      if (trouble !== undefined) outcomes.push(...group.map(() => trouble));
      else {
        outcomes.push(...(await Promise.all(group.map(post))));
        if (this.#waiting === 0) await this.#pause((group.length / SCORES_A_SECOND_MAX) * 1_000);
      }
    }
    return together(outcomes);
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#clock.schedule(delayMs, resolve));
  }
}

async function postScore(api: LangfuseApi, body: string, signal: AbortSignal): Promise<SendOutcome> {
  return outcomeOf(await api.postJson("api/public/scores", body, { signal }));
}

/** One outcome of many, each of one score. */
function together(outcomes: readonly SendOutcome[]): SendOutcome {
  const retry = outcomes.flatMap(({ kind }, place) => (kind === "retry" ? [place] : []));
  const rejected = outcomes.filter(({ kind }) => kind === "rejected").length;
  if (retry.length === 0 && rejected === 0) return { kind: "delivered" };
  const trouble = outcomes.find(({ kind }) => kind === "retry") ?? outcomes.find(({ kind }) => kind === "rejected");
  const reason = trouble?.kind === "retry" ? trouble.reason : "rejected";
  const retryAfterMs = trouble?.kind === "retry" ? trouble.retryAfterMs : undefined;
  const message = trouble !== undefined && "message" in trouble ? trouble.message : undefined;
  const why = {
    reason,
    ...(message !== undefined && { message }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
  return retry.length === outcomes.length ? { kind: "retry", ...why } : { kind: "partial", rejected, retry, ...why };
}
