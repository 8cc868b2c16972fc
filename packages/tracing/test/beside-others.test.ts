import { context, type DiagLogger, diag, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { getCurrentTraceId, initTracing, injectTraceContext, traceSpan, withTraceContext } from "../src/index.ts";
import { libraryUnderTest, PARENT } from "./library-under-test.ts";

const library = libraryUnderTest();

describe("the end of tracing", () => {
  test("comes once: a handle of before takes nothing from who came later", async () => {
    const options = { serviceName: "weather", otlpEndpoint: library.receiver.httpUrl };
    const first = await initTracing(options);
    await first.shutdown();
    library.handle = await initTracing(options);
    expect(library.handle).not.toBe(first);
    await first.shutdown();
    expect(await initTracing(options)).toBe(library.handle);
    expect(traceSpan("work", {}, () => getCurrentTraceId())).toMatch(/^[0-9a-f]{32}$/);
    await Promise.all([library.handle.shutdown(), library.handle.shutdown()]);
    expect(library.receiver.spans.map(({ name }) => name)).toEqual(["work"]);
  });

  test("is not that of a handle that has started nothing", async () => {
    const off = await initTracing({ serviceName: "weather" });
    expect(off.state).toEqual({ kind: "off", reason: "no_endpoint" });
    await off.shutdown();
    library.handle = await initTracing({ serviceName: "weather", otlpEndpoint: library.receiver.httpUrl });
    await off.shutdown();
    expect(await initTracing()).toBe(library.handle);
  });

  test("leaves what somebody else has registered", async () => {
    const manager = new AsyncLocalStorageContextManager().enable();
    const propagator = { inject: () => {}, extract: () => context.active(), fields: () => ["x-own"] };
    const logger: DiagLogger = { error() {}, warn() {}, info() {}, debug() {}, verbose() {} };
    context.setGlobalContextManager(manager);
    propagation.setGlobalPropagator(propagator);
    diag.setLogger(logger);
    const before = { ...globalApi() };
    try {
      const heard: string[] = [];
      const own = await initTracing({
        otlpEndpoint: library.receiver.httpUrl,
        onDiagnostic: (_level, text) => heard.push(text),
      });
      expect(own.state.kind).toBe("started");
      expect(traceSpan("work", {}, () => getCurrentTraceId())).toBeDefined();
      diag.error("to the logger of the service");
      await own.shutdown();
      expect(heard).toEqual([]);
      expect(globalApi()).toEqual(before);
    } finally {
      context.disable();
      propagation.disable();
      diag.disable();
    }
  });
});

/** What is registered in the process, by any copy of the API. */
function globalApi(): Readonly<Record<string, unknown>> {
  return (globalThis as Record<symbol, Readonly<Record<string, unknown>> | undefined>)[API] ?? {};
}

const API = Symbol.for("opentelemetry.js.api.1");

describe("a service whose OpenTelemetry has an older copy of the API", () => {
  const globals = globalThis as Record<symbol, unknown>;
  let before: unknown;

  beforeEach(() => {
    before = globals[API];
  });

  afterEach(() => {
    globals[API] = before;
  });

  test("keeps it, and gets the spans there, beneath each other", async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
    // As version 2 of the SDK registers itself, with the API 1.9 that it wants.
    const older = { version: "1.9.0", trace: provider, context: new AsyncLocalStorageContextManager().enable() };
    globals[API] = older;
    library.handle = await initTracing({ serviceName: "weather", otlpEndpoint: library.receiver.httpUrl });
    expect(library.handle.state).toEqual({ kind: "existing" });
    await withTraceContext(PARENT, () =>
      traceSpan("outer", {}, async () => {
        await new Promise((resolve) => setImmediate(resolve));
        expect(getCurrentTraceId()).toBe("a".repeat(32));
        return traceSpan("inner", {}, () => injectTraceContext({}));
      }),
    );
    const [inner, outer] = exporter.getFinishedSpans();
    expect(outer?.parentSpanContext?.spanId).toBe("b".repeat(16));
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
    await library.handle.shutdown();
    expect(globals[API]).toBe(older);
    expect(Object.keys(older)).toEqual(["version", "trace", "context"]);
  });

  test("is told that nothing can be registered beside it", async () => {
    const older = { version: "1.9.0", diag: {} };
    globals[API] = older;
    library.handle = await initTracing({ serviceName: "weather", otlpEndpoint: library.receiver.httpUrl });
    expect(library.handle.state).toEqual({ kind: "off", reason: "other_api" });
    expect(traceSpan("work", {}, () => 42)).toBe(42);
    await library.handle.shutdown();
    expect(Object.keys(older)).toEqual(["version", "diag"]);
  });
});

test("a service with OpenTelemetry of its own keeps it, and gets the spans there", async () => {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  trace.setGlobalTracerProvider(provider);
  try {
    library.handle = await initTracing({ serviceName: "weather", otlpEndpoint: library.receiver.httpUrl });
    expect(library.handle.state).toEqual({ kind: "existing" });
    traceSpan("work", {}, () => {});
    await library.handle.shutdown();
    traceSpan("more work", {}, () => {});
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(["work", "more work"]);
    expect(library.receiver.attempts).toBe(0);
  } finally {
    trace.disable();
  }
});
