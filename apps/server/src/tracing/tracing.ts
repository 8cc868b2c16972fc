import type { Platform } from "@mcp-hangar/core";
import {
  type CallTracer,
  type EventListener,
  type Exporter,
  type ExporterSnapshot,
  knownSecrets,
  passThrough,
  passThroughTracer,
  registeredName,
} from "@mcp-hangar/telemetry";
import type { TraceExporter, TracingPlace } from "@mcp-hangar/tracing";
import { BUILD } from "../build-info.ts";
import type { Environment } from "../config/environment.ts";
import type { Logger } from "../logging/logging.ts";
import type { TracingOptions } from "./options.ts";

/** Whether spans are made, and if not although they were asked for, why. */
export type TracingWish = { readonly isOn: true } | { readonly isOn: false; readonly problem?: string };

/** Off until there is an endpoint: nothing is ever sent to a port that nobody has named. */
export function wishOf({ enabled, endpoint }: TracingOptions, env: Environment): TracingWish {
  const isDisabled = isSet(env.OTEL_SDK_DISABLED, "true") || isSet(env.OTEL_TRACES_EXPORTER, "none");
  if (enabled === false || isDisabled) return { isOn: false };
  if (endpoint !== undefined || hasEndpoint(env)) return { isOn: true };
  if (enabled !== true) return { isOn: false };
  return { isOn: false, problem: "tracing is enabled without an endpoint; set OTEL_EXPORTER_OTLP_ENDPOINT" };
}

/** Where spans go and which; the environment wins over the file. */
export function placeOfSpans(options: TracingOptions, env: Environment): TracingPlace {
  const { endpoint, protocol, headers, sample_rate: sampleRate } = options;
  return { endpoint, protocol, headers, sampleRate: env.OTEL_TRACES_SAMPLER?.trim() ? undefined : sampleRate, env };
}

interface TracingEnvironment {
  readonly platform: Platform;
  readonly logger: Logger;
  /** Id of this run, which names the gateway unless the environment does. */
  readonly run: string;
}

/** What is used where no spans are made; `undefined` when the default of the runtime will do. */
export function tracerWithoutSpans({ baggage_to: servers }: TracingOptions): CallTracer | undefined {
  if (servers.length === 0) return undefined;
  const baggageTo = new Set(servers);
  return passThrough((server) => baggageTo.has(server));
}

/** Spans, as the configuration wants them; `undefined` when it does not. What makes them is loaded when it is opened. */
export function createTracing(options: TracingOptions, environment: TracingEnvironment): Tracing | undefined {
  const { platform, logger } = environment;
  const wish = wishOf(options, platform.env);
  if (wish.isOn) return new Tracing(options, environment);
  if (wish.problem !== undefined) logger.warning("tracing_off", { message: wish.problem });
  return undefined;
}

/** The exporter of spans before and after OpenTelemetry is loaded: nothing is called before, because no door is open. */
export class Tracing implements Exporter {
  readonly name = "otlp_traces";
  readonly signal = "traces";
  readonly #options: TracingOptions;
  readonly #environment: TracingEnvironment;
  #exporter: TraceExporter | undefined;

  constructor(options: TracingOptions, environment: TracingEnvironment) {
    this.#options = options;
    this.#environment = environment;
  }

  readonly tracer: CallTracer = {
    startCall: (start) => this.#tracer.startCall(start),
    startOperation: (start) => this.#tracer.startOperation(start),
    startBatch: (start) => this.#tracer.startBatch(start),
  };

  readonly listener: EventListener = (event) => this.#exporter?.listener(event);

  async open(): Promise<void> {
    const { TraceExporter } = await import("@mcp-hangar/tracing");
    const { platform, logger, run } = this.#environment;
    const { env, clock } = platform;
    const options = this.#options;
    const baggageTo = new Set(options.baggage_to);
    knownSecrets.replace("OTLP headers", headerValues(env, options.headers));
    this.#exporter = await TraceExporter.create({
      ...placeOfSpans(options, env),
      serviceName: options.service_name,
      serviceVersion: BUILD.version,
      serviceInstance: run,
      keep: { errors: options.keep_errors, slowMs: options.keep_slower_than_s * 1_000 },
      payload: {
        captureArguments: options.capture_arguments,
        captureResults: options.capture_results,
        captureCharsMax: options.capture_max_chars,
        argsHashKey: options.args_hash_key ?? platform.uuid() + platform.uuid(),
      },
      mayHaveBaggage: (server) => baggageTo.has(server),
      clock,
      random: () => platform.random(),
      onDiagnostic: (level, message) => logger[level]("opentelemetry", { message }),
    });
  }

  snapshot(): ExporterSnapshot {
    return this.#exporter?.snapshot() ?? NOTHING;
  }

  async close(deadlineMs: number): Promise<void> {
    await this.#exporter?.close(deadlineMs);
  }

  get #tracer(): CallTracer {
    return this.#exporter?.tracer ?? passThroughTracer;
  }
}

const NOTHING: ExporterSnapshot = {
  exporter: registeredName("otlp_traces"),
  signal: "traces",
  delivered: 0,
  dropped: {},
  failures: {},
  queueSize: 0,
  queueCapacity: 0,
  lastSuccessSeconds: undefined,
};

function hasEndpoint(env: Environment): boolean {
  return Boolean(env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?.trim() || env.OTEL_EXPORTER_OTLP_ENDPOINT?.trim());
}

/** Values of headers, with and without a scheme; those that the environment names are `name=value`, separated by commas, percent-encoded. */
function headerValues(env: Environment, configured: Readonly<Record<string, string>>): ReadonlySet<string> {
  const pairs = [env.OTEL_EXPORTER_OTLP_HEADERS, env.OTEL_EXPORTER_OTLP_TRACES_HEADERS].join(",").split(",");
  const given = pairs.flatMap((pair) => {
    const value = pair.slice(pair.indexOf("=") + 1).trim();
    return [value, decoded(value)];
  });
  const values = [...given, ...Object.values(configured)].filter((value) => value !== "");
  return new Set(values.flatMap((value) => [value, value.slice(value.indexOf(" ") + 1)]));
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function isSet(variable: string | undefined, value: string): boolean {
  return variable?.trim().toLowerCase() === value;
}
