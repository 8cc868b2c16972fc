import type { ContextManager, TracerProvider } from "@opentelemetry/api";
import { context, trace } from "@opentelemetry/api";

/**
 * Where all releases 1.x of OpenTelemetry's API keep what was registered, whichever copy of the API it was registered with
 * (https://github.com/open-telemetry/opentelemetry-js/blob/main/api/src/internal/global-utils.ts).
 */
const KEY = Symbol.for("opentelemetry.js.api.1");

interface Registered {
  readonly trace?: TracerProvider;
  readonly context?: ContextManager;
  readonly propagation?: object;
  readonly diag?: object;
}

/**
 * What the process has registered. Our copy of the API hides what an older one has registered, such as the 1.9 that belongs to version 2 of the
 * SDK, and takes it away when it is told to disable what is its own.
 */
export function registered(): Registered {
  return (globalThis as { readonly [KEY]?: Registered })[KEY] ?? {};
}

/** The provider of the process, whoever has registered it. */
export function tracerProvider(): TracerProvider {
  return registered().trace ?? trace.getTracerProvider();
}

/** The context manager of the process, whoever has registered it. */
export function contextManager(): Pick<ContextManager, "active" | "with"> {
  return registered().context ?? context;
}
