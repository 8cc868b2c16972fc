import { DeliveryQueue, type SendOutcome } from "@mcp-hangar/delivery";
import { type Exporter, type ExporterHealth, type ExporterSnapshot, registeredName } from "@mcp-hangar/telemetry";
import { deliveryTimes, QUEUE_NAME } from "./delivery-times.ts";
import { type LangfuseApi, outcomeOf } from "./langfuse-api.ts";
import type { Settings } from "./options.ts";
import type { Score } from "./score.ts";

/** Scores that are on their way at once: the interface takes one a request. */
const CONCURRENT_MAX = 16;
const BATCH_RECORDS = 64;
/** Bytes of all scores that wait: some 300 each. */
const BYTES_MAX = 8 * 1024 * 1024;

/** Sends scores. It has accounts of its own, so that they are not taken for observations. */
export class ScoreExporter implements Exporter {
  readonly name = `${QUEUE_NAME}_scores`;
  readonly signal = "traces";
  readonly #queue: DeliveryQueue<string>;

  constructor(api: LangfuseApi, { limits, clock, random }: Settings) {
    this.#queue = new DeliveryQueue({
      exporter: registeredName(this.name),
      signal: this.signal,
      send: (scores, signal) => sendScores(scores, (score) => postScore(api, score, signal)),
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

  snapshot(): ExporterSnapshot {
    return this.#queue.snapshot();
  }

  health(): ExporterHealth {
    const { problem } = this.#queue;
    return problem === undefined ? { status: "healthy" } : { status: "degraded", message: `scores: ${problem}` };
  }

  flush(deadlineMs: number): Promise<boolean> {
    return this.#queue.flush(deadlineMs);
  }

  close(deadlineMs: number): Promise<void> {
    return this.#queue.close(deadlineMs);
  }
}

async function postScore(api: LangfuseApi, body: string, signal: AbortSignal): Promise<SendOutcome> {
  return outcomeOf(await api.postJson("api/public/scores", body, { signal }));
}

/** Sends scores a few at a time; when one of them is to be tried again, the rest waits for that. */
async function sendScores(
  scores: readonly string[],
  post: (score: string) => Promise<SendOutcome>,
): Promise<SendOutcome> {
  const retry: number[] = [];
  let rejected = 0;
  let trouble: Extract<SendOutcome, { kind: "retry" }> | undefined;
  let refusal: string | undefined;
  for (let from = 0; from < scores.length; from += CONCURRENT_MAX) {
    const group = scores.slice(from, from + CONCURRENT_MAX);
    const outcomes = trouble === undefined ? await Promise.all(group.map(post)) : group.map(() => trouble);
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome?.kind === "retry") {
        retry.push(from + index);
        trouble ??= outcome;
      } else if (outcome?.kind === "rejected") {
        rejected += 1;
        refusal ??= outcome.message;
      }
    }
  }
  if (trouble === undefined && rejected === 0) return { kind: "delivered" };
  if (retry.length === scores.length && trouble !== undefined) return trouble;
  const { reason = "rejected", retryAfterMs, message = refusal } = trouble ?? {};
  return {
    kind: "partial",
    rejected,
    retry,
    reason,
    ...(message !== undefined && { message }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}
