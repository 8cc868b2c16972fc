import { type Clock, DeliveryQueue } from "@mcp-hangar/delivery";
import {
  type CallTracer,
  type Exporter,
  type ExporterSnapshot,
  type HangarEvent,
  registeredName,
} from "@mcp-hangar/telemetry";
import { RandomIdGenerator, type ReadableSpan, type SpanExporter } from "@opentelemetry/sdk-trace";
import { type OnDiagnostic, takeDiagnostics } from "../diagnostics.ts";
import {
  type Environment,
  type OtlpProtocol,
  otlpDestination,
  TracingConfigurationError,
  text,
} from "../otlp/destination.ts";
import { sendSpans } from "../otlp/send-spans.ts";
import { createSpanExporter } from "../otlp/span-exporter.ts";
import { serviceResource } from "../resource.ts";
import { samplerOf } from "../sampler.ts";
import { GatewayTracer } from "./call-tracer.ts";
import { recordHealthCheck } from "./health-checks.ts";
import { SpanOutlet } from "./outlet.ts";
import type { PayloadOptions } from "./payload.ts";
import { sdkSpans } from "./sdk-spans.ts";
import { ServerStarts } from "./server-starts.ts";
import { type KeepOptions, type MayHaveBaggage, TracingCore } from "./tracing-core.ts";

/** How the spans of a gateway are made and where they go. What is absent is said by the standard variables. */
export interface TraceExporterOptions {
  /** Base address of the collector. */
  readonly endpoint?: string | undefined;
  readonly protocol?: OtlpProtocol | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly serviceName?: string | undefined;
  readonly serviceVersion?: string | undefined;
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

/** Spans that wait; behind a slow collector the SDK's 2048 lost most of a burst, and this many lost none. */
const QUEUE_SPANS_MAX = 32_768;
const BATCH_SPANS_MAX = 2_048;
/** Milliseconds that the first span of a batch waits for others. */
const BATCH_DELAY_MS = 1_000;
/** A batch is tried for this long; then its spans are dropped, so that those of a recovered collector are not old ones. */
const RETRY_ELAPSED_MAX_MS = 300_000;
/** Milliseconds of an export by the SDK (https://opentelemetry.io/docs/specs/otel/protocol/exporter/), and a second beyond it. */
const EXPORT_TIMEOUT_MS = 10_000;
const ATTEMPT_MARGIN_MS = 1_000;

/** Carries spans out of the gateway, and makes them: its `tracer` is the one of the runtime. */
export class TraceExporter implements Exporter {
  readonly name = TRACE_EXPORTER_NAME;
  readonly signal = "traces";
  readonly tracer: CallTracer;
  readonly #core: TracingCore;
  readonly #starts: ServerStarts;
  readonly #outlet: SpanOutlet;
  readonly #queue: DeliveryQueue<ReadableSpan>;
  readonly #exporter: SpanExporter;

  private constructor(options: TraceExporterOptions, exporter: SpanExporter) {
    const { clock, env, random, serviceName: name, serviceVersion: version } = options;
    this.#exporter = exporter;
    this.#queue = new DeliveryQueue<ReadableSpan>({
      exporter: registeredName(TRACE_EXPORTER_NAME),
      signal: this.signal,
      send: sendSpans(exporter),
      // Spans are counted, not weighed: their attributes are bounded each.
      sizeOf: () => 0,
      limits: { recordsMax: count(env.OTEL_BSP_MAX_QUEUE_SIZE) ?? QUEUE_SPANS_MAX, bytesMax: Number.MAX_SAFE_INTEGER },
      batch: {
        recordsMax: count(env.OTEL_BSP_MAX_EXPORT_BATCH_SIZE) ?? BATCH_SPANS_MAX,
        bytesMax: Number.MAX_SAFE_INTEGER,
        delayMs: count(env.OTEL_BSP_SCHEDULE_DELAY) ?? BATCH_DELAY_MS,
      },
      attemptTimeoutMs: timeoutMs(env) + ATTEMPT_MARGIN_MS,
      retry: { baseMs: 1_000, maxMs: 30_000, elapsedMaxMs: RETRY_ELAPSED_MAX_MS },
      clock,
      random,
    });
    const resource = serviceResource({ name, version }, env);
    this.#outlet = new SpanOutlet({
      clock,
      makeSpan: sdkSpans({ resource, version }, env),
      offer: (span) => void this.#queue.offer(span),
    });
    this.#core = new TracingCore({
      clock,
      ids: new RandomIdGenerator(),
      sampler: samplerOf(options.sampleRate, env),
      keep: options.keep,
      payload: options.payload,
      mayHaveBaggage: options.mayHaveBaggage,
      exportSpans: (draft) => this.#outlet.add(draft),
    });
    this.#starts = new ServerStarts(this.#core);
    this.tracer = new GatewayTracer(this.#core, this.#starts);
  }

  /** Rejects with a {@link TracingConfigurationError} when it could not work as it is configured. */
  static async create(options: TraceExporterOptions): Promise<TraceExporter> {
    takeDiagnostics(options.onDiagnostic);
    const { endpoint, protocol, env, headers } = options;
    const destination = otlpDestination({ endpoint, protocol }, env);
    if (destination === undefined) {
      throw new TracingConfigurationError("tracing needs an endpoint; set OTEL_EXPORTER_OTLP_ENDPOINT");
    }
    return new TraceExporter(options, await createSpanExporter(destination, { headers, timeoutMs: timeoutMs(env) }));
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

  snapshot(): ExporterSnapshot {
    const snapshot = this.#queue.snapshot();
    const { overflowed, broken, pending } = this.#outlet;
    const dropped = {
      ...snapshot.dropped,
      ...(overflowed > 0 && { queue_full: (snapshot.dropped.queue_full ?? 0) + overflowed }),
      ...(broken > 0 && { rejected: (snapshot.dropped.rejected ?? 0) + broken }),
    };
    return { ...snapshot, dropped, queueSize: snapshot.queueSize + pending };
  }

  async close(deadlineMs: number): Promise<void> {
    this.#outlet.flush();
    await this.#queue.close(deadlineMs);
    // It waits for exports in flight, up to their own timeout; what was not delivered by now is given up.
    void this.#exporter.shutdown().catch(() => {});
  }
}

function timeoutMs(env: Environment): number {
  return count(env.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT) ?? count(env.OTEL_EXPORTER_OTLP_TIMEOUT) ?? EXPORT_TIMEOUT_MS;
}

function count(variable: string | undefined): number | undefined {
  const number = Number(text(variable) ?? Number.NaN);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}
