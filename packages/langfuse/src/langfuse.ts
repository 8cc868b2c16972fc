import { DeferredWork, DeliveryQueue } from "@mcp-hangar/delivery";
import {
  type EventListener,
  type Exporter,
  type ExporterHealth,
  type ExporterSnapshot,
  type HangarEvent,
  registeredName,
} from "@mcp-hangar/telemetry";
import { type HeldCall, holdCall, observationOf } from "./call-observation.ts";
import { deliveryTimes, QUEUE_NAME } from "./delivery-times.ts";
import { heldBytes } from "./held-bytes.ts";
import { checkKeys, type KeyCheck } from "./key-check.ts";
import { LangfuseApi, outcomeOf } from "./langfuse-api.ts";
import { type LangfuseOptions, type Settings, settingsOf } from "./options.ts";
import { requestBody, type Span, spanJson } from "./otlp-json.ts";
import { type Score, scoresOf } from "./score.ts";
import { ScoreExporter } from "./score-exporter.ts";
import { type HealthChange, HealthChanges, healthRecords } from "./server-health.ts";

/** Observations and bytes in one request; Langfuse warns of those beyond 16 MB, and proxies before it refuse less. */
const BATCH_RECORDS = 200;
const BATCH_BYTES = 1_000_000;

type Held = { readonly call: HeldCall } | { readonly change: HealthChange };

/**
 * Sends every tool call to Langfuse: as an observation of type `tool`, over OTLP, with scores beside it. Subscribe `listener` to the bus of a
 * gateway. Nothing is serialised, masked or sent on the time of a call, and what waits is bounded in records and bytes.
 */
export class Langfuse implements Exporter {
  readonly name = QUEUE_NAME;
  readonly signal = "traces";
  /** The exporter of scores, with accounts of its own; `undefined` when none are sent. It ends with this one. */
  readonly scores: ScoreExporter | undefined;
  readonly #settings: Settings;
  readonly #api: LangfuseApi;
  readonly #queue: DeliveryQueue<Uint8Array>;
  readonly #held: DeferredWork<Held>;
  readonly #changes = new HealthChanges();
  readonly #dropped = { queue_full: 0, sampled: 0, shutdown: 0 };
  #isClosed = false;

  /** @throws TypeError saying which option cannot be used. */
  constructor(options: LangfuseOptions) {
    const settings = settingsOf(options);
    this.#settings = settings;
    this.#api = new LangfuseApi(settings);
    this.scores = settings.scores ? new ScoreExporter(this.#api, settings) : undefined;
    const { limits, clock, random, version } = settings;
    this.#held = new DeferredWork({ clock, limits, work: (held) => this.#encode(held) });
    const body = requestBody({
      resource: { "service.name": "mcp-hangar", "service.version": version },
      scope: { name: "@mcp-hangar/langfuse", version },
    });
    this.#queue = new DeliveryQueue({
      exporter: registeredName(this.name),
      signal: this.signal,
      send: async (spans, signal) =>
        outcomeOf(await this.#api.postJson("api/public/otel/v1/traces", body(spans), { headers: VERSION, signal })),
      sizeOf: ({ byteLength }) => byteLength,
      limits,
      batch: { recordsMax: BATCH_RECORDS, bytesMax: BATCH_BYTES, delayMs: deliveryTimes.delayMs },
      attemptTimeoutMs: deliveryTimes.attemptTimeoutMs,
      retry: deliveryTimes.retry,
      clock,
      random,
    });
  }

  readonly listener: EventListener = (event: HangarEvent) => {
    if (event.type === "call.finished") {
      const call = holdCall(event, this.#settings);
      this.#hold({ call }, heldBytes(call));
      return;
    }
    const change = this.#settings.scores ? this.#changes.of(event) : undefined;
    if (change !== undefined) this.#hold({ change }, 0);
  };

  /** Sends a score of your own; false when there is no room for it, or no scores are sent. */
  score(score: Score): boolean {
    return this.scores?.offer({ environment: this.#settings.environment, ...score }) ?? false;
  }

  /** Asks Langfuse whether it takes the keys; never rejects. */
  async checkKeys(deadlineMs: number): Promise<KeyCheck> {
    const controller = new AbortController();
    const cancel = this.#settings.clock.schedule(deadlineMs, () => controller.abort());
    try {
      return await checkKeys(this.#api, controller.signal);
    } finally {
      cancel();
    }
  }

  snapshot(): ExporterSnapshot {
    const queue = this.#queue.snapshot();
    const { queue_full, shutdown, rejected } = queue.dropped;
    const own = this.#dropped;
    const { overflowed, broken, records } = this.#held;
    return {
      ...queue,
      dropped: {
        ...queue.dropped,
        queue_full: own.queue_full + overflowed + (queue_full ?? 0),
        shutdown: own.shutdown + (shutdown ?? 0),
        rejected: broken + (rejected ?? 0),
        sampled: own.sampled,
      },
      failures: { ...queue.failures, encoding: broken + (queue.failures.encoding ?? 0) },
      queueSize: queue.queueSize + records,
    };
  }

  /** Bytes that wait: encoded observations, and what is held of calls until they are encoded. */
  get queuedBytes(): number {
    return this.#queue.queuedBytes + this.#held.bytes;
  }

  health(): ExporterHealth {
    const { problem } = this.#queue;
    return problem === undefined ? { status: "healthy" } : { status: "degraded", message: `observations: ${problem}` };
  }

  /** Sends everything that happened so far. Resolves to whether none of it waits any more; after `deadlineMs` at the latest. */
  async flush(deadlineMs: number): Promise<boolean> {
    const untilMs = this.#settings.clock.nowMs() + deadlineMs;
    await this.#held.finish(deadlineMs);
    const leftMs = Math.max(0, untilMs - this.#settings.clock.nowMs());
    const sent = await Promise.all([this.#queue.flush(leftMs), this.scores?.flush(leftMs) ?? true]);
    return this.#held.records === 0 && sent.every(Boolean);
  }

  async close(deadlineMs: number): Promise<void> {
    const untilMs = this.#settings.clock.nowMs() + deadlineMs;
    this.#isClosed = true;
    await this.#held.finish(deadlineMs);
    this.#dropped.shutdown += this.#held.discard();
    const leftMs = Math.max(0, untilMs - this.#settings.clock.nowMs());
    await Promise.all([this.#queue.close(leftMs), this.scores?.close(leftMs)]);
    this.#api.close();
  }

  #hold(held: Held, bytes: number): void {
    const { recordsMax, bytesMax } = this.#settings.limits;
    if (this.#isClosed) this.#dropped.shutdown += 1;
    else if (this.#held.records + this.#queue.queuedRecords >= recordsMax || this.queuedBytes + bytes > bytesMax) {
      this.#dropped.queue_full += 1;
    } else this.#held.add(held, { bytes });
  }

  #encode(held: Held): void {
    if ("call" in held) {
      this.#encodeCall(held.call);
      return;
    }
    const { span, score } = healthRecords(held.change, this.#settings);
    this.#offer(span, [score]);
  }

  #encodeCall(call: HeldCall): void {
    const observation = observationOf(call, this.#settings);
    if (observation === undefined) this.#dropped.sampled += 1;
    else this.#offer(observation.span, scoresOf(observation, this.#settings.environment));
  }

  /** In bytes, because the memory that they take is known then. A score without its observation would say nothing. */
  #offer(span: Span, scores: readonly Score[]): void {
    const encoded = new TextEncoder().encode(spanJson(span));
    // What is held was measured by its messages, and may have become longer.
    if (this.queuedBytes + encoded.byteLength > this.#settings.limits.bytesMax) this.#dropped.queue_full += 1;
    else if (this.#queue.offer(encoded)) this.scores?.offerOfCall(scores);
  }
}

/** The way into Langfuse that it wants observations to take. */
const VERSION = { "x-langfuse-ingestion-version": "4" } as const;
