import { type Clock, DeferredWork, DeliveryQueue, KeyedHash, type SendOutcome } from "@mcp-hangar/delivery";
import { OtlpClient, type OtlpDestination } from "@mcp-hangar/delivery/otlp";
import {
  type CallTracer,
  type Exporter,
  type ExporterSnapshot,
  type HangarEvent,
  type MayHaveBaggage,
  registeredName,
} from "@mcp-hangar/telemetry";
import { context } from "@opentelemetry/api";
import { suppressTracing } from "@opentelemetry/core";
import { RandomIdGenerator } from "@opentelemetry/sdk-trace";
import { type OnDiagnostic, takeDiagnostics } from "../diagnostics.ts";
import type { Environment, SpanProtocol } from "../otlp/destination.ts";
import { numberOf, numberProblem } from "../otlp/number-variables.ts";
import { SpanEncoder } from "../otlp/span-encoder.ts";
import { spanLimitsOf } from "../otlp/span-limits.ts";
import { resourceAttributes } from "../resource.ts";
import { samplerOf } from "../sampler.ts";
import { GatewayTracer } from "./call-tracer.ts";
import { destinationOf } from "./check-tracing.ts";
import { recordHealthCheck } from "./health-checks.ts";
import type { Draft } from "./local-trace.ts";
import type { PayloadOptions } from "./payload.ts";
import { ServerStarts } from "./server-starts.ts";

import { type KeepOptions, TracingCore } from "./tracing-core.ts";

/** How the spans of a gateway are made and where they go. What is absent is said by the standard variables. */
export interface TraceExporterOptions {
  /** Base address of the collector, if the standard variables name none. */
  readonly endpoint?: string | undefined;
  /** If the standard variables name none; gRPC for port 4317 and HTTP for every other when absent. */
  readonly protocol?: SpanProtocol | undefined;
  /** Sent beside those of the standard variables. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly serviceName?: string | undefined;
  readonly serviceVersion?: string | undefined;
  /** Names the gateway among others (`service.instance.id`), unless the standard variables do. */
  readonly serviceInstance?: string | undefined;
  /** Part of the traces that begin here which is recorded, from 0 to 1. */
  readonly sampleRate?: number | undefined;
  readonly keep: KeepOptions;
  readonly payload: PayloadOptions;
  readonly mayHaveBaggage: MayHaveBaggage;
  readonly env: Environment;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly onDiagnostic: OnDiagnostic;
}

/** The exporter's name: the label `exporter` of its metrics. */
export const TRACE_EXPORTER_NAME = "otlp_traces";

const SCOPE = "@mcp-hangar/tracing";

/** Spans of work that has ended and that are not made yet: some seconds of a gateway that does nothing else. */
const PENDING = { recordsMax: 32_768, bytesMax: 64 * 1024 * 1024 };
/** Spans that wait to be sent; behind a slow collector the SDK's 2048 lost most of a burst, and this many lost none. */
const QUEUE_SPANS_MAX = 32_768;
/** Bytes of the same: a span of a call has some 800. */
const QUEUE_BYTES_MAX = 32 * 1024 * 1024;
const BATCH_SPANS_MAX = 2_048;
/** A request stays well below the 4 MB that receivers take by default. */
const BATCH_BYTES_MAX = 2_000_000;
/** Milliseconds that the first span of a batch waits for others. */
const BATCH_DELAY_MS = 1_000;
/** A batch is tried for this long; then its spans are dropped, so that those of a recovered collector are not old ones. */
const RETRY_ELAPSED_MAX_MS = 300_000;

/** Carries spans out of the gateway, and makes them: its `tracer` is the one of the runtime. */
export class TraceExporter implements Exporter {
  readonly name = TRACE_EXPORTER_NAME;
  readonly signal = "traces";
  readonly tracer: CallTracer;
  readonly #clock: Clock;
  readonly #core: TracingCore;
  readonly #starts: ServerStarts;
  readonly #encoder: SpanEncoder;
  readonly #drafts: DeferredWork<Draft>;
  readonly #queue: DeliveryQueue<Uint8Array>;
  readonly #client: OtlpClient;
  #accepted = 0;
  /** Spans that were wanted when there was no more room for them. */
  #missing = 0;
  /** Spans that were not made by the end. */
  #givenUp = 0;

  private constructor(options: TraceExporterOptions, destination: OtlpDestination) {
    const { clock, env, random, serviceVersion: version, onDiagnostic } = options;
    const { argsHashKey, ...payload } = options.payload;
    this.#clock = clock;
    this.#client = new OtlpClient({
      destination,
      clock,
      onProblem(problem) {
        if (problem === undefined) onDiagnostic("info", "spans arrive again");
        else onDiagnostic("warning", `spans do not arrive: ${problem}`);
      },
    });
    this.#queue = new DeliveryQueue<Uint8Array>({
      exporter: registeredName(TRACE_EXPORTER_NAME),
      signal: this.signal,
      send: (spans, signal) => this.#send(spans, signal),
      sizeOf: ({ byteLength }) => byteLength,
      limits: { recordsMax: numberOf(env, "OTEL_BSP_MAX_QUEUE_SIZE") ?? QUEUE_SPANS_MAX, bytesMax: QUEUE_BYTES_MAX },
      batch: {
        recordsMax: numberOf(env, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE") ?? BATCH_SPANS_MAX,
        bytesMax: BATCH_BYTES_MAX,
        delayMs: numberOf(env, "OTEL_BSP_SCHEDULE_DELAY") ?? BATCH_DELAY_MS,
      },
      attemptTimeoutMs: destination.timeoutMs,
      retry: { baseMs: 1_000, maxMs: 30_000, elapsedMaxMs: RETRY_ELAPSED_MAX_MS },
      clock,
      random,
    });
    const service = { name: options.serviceName, version, instance: options.serviceInstance };
    const origin = { resource: resourceAttributes(service, env), scope: { name: SCOPE, version } };
    this.#encoder = new SpanEncoder(origin, spanLimitsOf(env));
    this.#drafts = new DeferredWork({ clock, limits: PENDING, work: (draft) => this.#make(draft) });
    this.#core = new TracingCore({
      clock,
      ids: new RandomIdGenerator(),
      sampler: samplerOf(options.sampleRate, env),
      keep: options.keep,
      payload: { ...payload, hash: argsHashKey === undefined ? undefined : new KeyedHash(argsHashKey) },
      mayHaveBaggage: options.mayHaveBaggage,
      exportSpans: (draft) => this.#accept(draft),
      onMissing: (spans) => {
        this.#accepted += spans;
        this.#missing += spans;
      },
    });
    this.#starts = new ServerStarts(this.#core);
    this.tracer = new GatewayTracer(this.#core, this.#starts);
  }

  /** Rejects with a `TracingConfigurationError` when it could not work as it is configured. */
  static async create(options: TraceExporterOptions): Promise<TraceExporter> {
    takeDiagnostics(options.onDiagnostic);
    const problem = numberProblem(options.env);
    if (problem !== undefined) options.onDiagnostic("warning", problem);
    const exporter = new TraceExporter(options, destinationOf(options));
    await exporter.#client.open();
    return exporter;
  }

  readonly listener = (event: HangarEvent): void => {
    switch (event.type) {
      case "server.state_changed":
        return this.#starts.stateChanged(event);
      case "server.start_finished":
        return this.#starts.finished(event);
      case "server.unregistered":
        return this.#starts.forget(event.server);
      case "health_check.finished":
        return recordHealthCheck(event, this.#core);
      default:
    }
  };

  /** Spans of work that was worth exporting: they are delivered, dropped or queued. */
  get accepted(): number {
    return this.#accepted;
  }

  snapshot(): ExporterSnapshot {
    const snapshot = this.#queue.snapshot();
    const { overflowed, broken, records } = this.#drafts;
    const { queue_full: full = 0, rejected = 0, shutdown = 0 } = snapshot.dropped;
    return {
      ...snapshot,
      dropped: {
        ...snapshot.dropped,
        queue_full: full + overflowed + this.#missing,
        rejected: rejected + broken,
        shutdown: shutdown + this.#givenUp,
      },
      queueSize: snapshot.queueSize + records,
    };
  }

  async close(deadlineMs: number): Promise<void> {
    const untilMs = this.#clock.nowMs() + deadlineMs;
    await this.#drafts.finish(deadlineMs);
    this.#givenUp += this.#drafts.discard();
    await this.#queue.close(Math.max(0, untilMs - this.#clock.nowMs()));
    this.#client.close();
  }

  #accept(draft: Draft): void {
    const { spans, bytes } = draft;
    this.#accepted += spans;
    this.#drafts.add(draft, { records: spans, bytes });
  }

  /** All spans of a draft or none: the accounts know how many they are. */
  #make(draft: Draft): void {
    const encoded = draft.make().map((record) => this.#encoder.encode(record));
    for (const span of encoded) this.#queue.offer(span);
  }

  #send(spans: readonly Uint8Array[], signal: AbortSignal): Promise<SendOutcome> {
    const attempt = { signal, problem: this.#queue.problem };
    // Where HTTP is instrumented, an export must not make spans that are exported.
    return context.with(suppressTracing(context.active()), () =>
      this.#client.send(() => this.#encoder.request(spans), attempt),
    );
  }
}
