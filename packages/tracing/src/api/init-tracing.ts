import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  CompositePropagator,
  getStringFromEnv,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from "@opentelemetry/core";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { type OnDiagnostic, takeDiagnostics } from "../diagnostics.ts";
import { registered } from "../global-api.ts";
import { type Environment, type SpanProtocol, spansDestination } from "../otlp/destination.ts";
import { createSpanExporter } from "../otlp/span-exporter.ts";
import { serviceResource } from "../resource.ts";
import { samplerOf } from "../sampler.ts";

/** What is absent is said by the standard variables of OpenTelemetry. */
export interface TracingOptions {
  /** `OTEL_SERVICE_NAME` or `mcp-hangar` when absent. */
  readonly serviceName?: string;
  readonly serviceVersion?: string;
  /** Base address of the collector, such as `http://localhost:4317`; `OTEL_EXPORTER_OTLP_ENDPOINT` when absent. */
  readonly otlpEndpoint?: string;
  /** gRPC for port 4317 and HTTP for every other when absent. */
  readonly protocol?: SpanProtocol;
  readonly headers?: Readonly<Record<string, string>>;
  /** Part of the traces that begin here which is recorded, from 0 to 1. */
  readonly sampleRate?: number;
  /** Whether spans are made; `MCP_TRACING_ENABLED` when absent, which is true by default. */
  readonly enabled?: boolean;
  /** Told what the SDK has to say of itself, such as why spans do not arrive; unheard when absent. A logger of your own keeps it. */
  readonly onDiagnostic?: OnDiagnostic;
}

/** Why spans are made, or not. */
export type TracingState =
  /** They are sent to this place: over HTTP an address with its path, over gRPC that of the server. */
  | { readonly kind: "started"; readonly destination: { readonly url: string; readonly protocol: string } }
  /** The service has its own set-up of OpenTelemetry, which gets them; nothing was registered. */
  | { readonly kind: "existing" }
  /**
   * Switched off, or no endpoint is configured, or nothing can be registered beside another release of `@opentelemetry/api` that the process has
   * used before: nothing is made, and nothing is sent anywhere.
   */
  | { readonly kind: "off"; readonly reason: "disabled" | "no_endpoint" | "other_api" };

export interface TracingHandle {
  readonly state: TracingState;
  /** Sends what waits. Rejects when that fails. */
  flush(): Promise<void>;
  /** Sends what waits and ends tracing, if it was started here. Rejects when something could not be sent. */
  shutdown(): Promise<void>;
}

/** The variables that are read here; the exporters of the SDK read theirs themselves. */
const VARIABLES = [
  "MCP_TRACING_ENABLED",
  "OTEL_SDK_DISABLED",
  "OTEL_TRACES_EXPORTER",
  "OTEL_SERVICE_NAME",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_EXPORTER_OTLP_INSECURE",
  "OTEL_EXPORTER_OTLP_TRACES_INSECURE",
  "OTEL_EXPORTER_OTLP_PROTOCOL",
  "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
  "OTEL_TRACES_SAMPLER",
  "OTEL_TRACES_SAMPLER_ARG",
] as const;

let running: Promise<TracingHandle> | undefined;

/**
 * Begins to make spans in a Node.js service: a provider, context across `await`, and W3C propagation. Once a process: further calls get
 * the handle of the first. A service that has set OpenTelemetry up before keeps that, and the functions of this package use it. Rejects
 * with a `TracingConfigurationError` for settings that cannot work.
 */
export function initTracing(options: TracingOptions = {}): Promise<TracingHandle> {
  if (running !== undefined) return running;
  const started = start(options, () => {
    if (running === started) running = undefined;
  });
  running = started;
  return started;
}

/** `release` lets the next call start anew. */
async function start(options: TracingOptions, release: () => void): Promise<TracingHandle> {
  try {
    return await startUnless(options, release);
  } catch (error) {
    release();
    throw error;
  }
}

async function startUnless(options: TracingOptions, release: () => void): Promise<TracingHandle> {
  const env: Environment = Object.fromEntries(VARIABLES.map((name) => [name, getStringFromEnv(name)]));
  if (!isEnabled(options, env)) return inert({ kind: "off", reason: "disabled" }, release);
  if (hasProvider()) return inert({ kind: "existing" }, release);
  const { serviceName: name, serviceVersion: version, headers, sampleRate, onDiagnostic } = options;
  const destination = spansDestination(withOptions(env, options));
  if (destination === undefined) return inert({ kind: "off", reason: "no_endpoint" }, release);
  const sampler = samplerOf(sampleRate, env);
  const exporter = await createSpanExporter(destination, headers);
  // Another part of the service may have been first while the exporter was loaded.
  if (hasProvider()) return inert({ kind: "existing" }, release);
  const provider = new TracerProvider({
    resource: serviceResource({ name, version }, env),
    sampler,
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const unregister = register(provider);
  if (unregister === undefined) {
    await provider.shutdown();
    return inert({ kind: "off", reason: "other_api" }, release);
  }
  if (onDiagnostic !== undefined) takeDiagnostics(onDiagnostic);
  let ending: Promise<void> | undefined;
  return {
    state: { kind: "started", destination: { url: destination.url.href, protocol: destination.protocol } },
    flush: () => provider.forceFlush(),
    shutdown() {
      ending ??= (async () => {
        release();
        unregister();
        await provider.shutdown();
      })();
      return ending;
    },
  };
}

/** Returns what takes back what was registered here, and nothing that is somebody else's; `undefined` when nothing could be. */
function register(provider: TracerProvider): (() => void) | undefined {
  if (!trace.setGlobalTracerProvider(provider)) return undefined;
  const w3c = new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] });
  const own = [
    ownership("trace", true, () => trace.disable()),
    ownership("context", context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()), () =>
      context.disable(),
    ),
    ownership("propagation", propagation.setGlobalPropagator(w3c), () => propagation.disable()),
  ];
  return () => {
    for (const end of own) end();
  };
}

function ownership(part: "trace" | "context" | "propagation", isOwn: boolean, disable: () => void): () => void {
  if (!isOwn) return () => {};
  const own = registered()[part];
  return () => {
    if (registered()[part] === own) disable();
  };
}

/** What a program says wins over the environment that it was started in. */
function withOptions(env: Environment, { otlpEndpoint: endpoint, protocol }: TracingOptions): Environment {
  return {
    ...env,
    ...(endpoint !== undefined && {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: undefined,
    }),
    ...(protocol !== undefined && { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: protocol }),
  };
}

function isEnabled({ enabled }: TracingOptions, env: Environment): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === "true" || env.OTEL_TRACES_EXPORTER?.toLowerCase() === "none")
    return false;
  return enabled ?? !/^(?:false|0|no|off)$/i.test(env.MCP_TRACING_ENABLED ?? "true");
}

/** Whether somebody has registered a provider, with whichever copy of the API. */
function hasProvider(): boolean {
  return registered().trace !== undefined;
}

function inert(state: TracingState, release: () => void): TracingHandle {
  return { state, flush: async () => {}, shutdown: async () => release() };
}
