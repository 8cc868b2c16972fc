import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { context, trace } from "@opentelemetry/api";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  extractTraceContext,
  getCurrentTraceId,
  initTracing,
  injectTraceContext,
  setGovernanceAttributes,
  type TracingHandle,
  traceSpan,
  withTraceContext,
} from "../src/index.ts";

const PARENT = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`, tracestate: "vendor=value" };

let receiver: OtlpReceiver;
let handle: TracingHandle | undefined;

beforeEach(async () => {
  receiver = await OtlpReceiver.start();
});

afterEach(async () => {
  await handle?.shutdown();
  handle = undefined;
  await receiver.close();
});

describe("a service that starts tracing", () => {
  beforeEach(async () => {
    handle = await initTracing({ serviceName: "weather", otlpEndpoint: receiver.httpUrl });
  });

  test("has its spans at the collector, beneath each other, across await", async () => {
    const result = await traceSpan("outer", { "my.key": 1, absent: undefined }, async (span) => {
      setGovernanceAttributes(span, { serverId: "math", callerRoles: ["operator"], userId: undefined, costCents: 3 });
      await new Promise((resolve) => setImmediate(resolve));
      return traceSpan("inner", {}, () => 42);
    });
    await handle?.flush();
    expect(result).toBe(42);
    const [inner, outer] = receiver.spans;
    expect(outer).toMatchObject({ name: "outer", resource: { "service.name": "weather" } });
    expect(outer?.attributes).toEqual({
      "my.key": 1n,
      "mcp.server.id": "math",
      "mcp.caller.roles": ["operator"],
      "mcp.cost.cents": 3n,
    });
    expect(inner).toMatchObject({ name: "inner", traceId: outer?.traceId, parentSpanId: outer?.spanId });
  });

  test.each([
    [
      "throws",
      () =>
        traceSpan("work", {}, (): number => {
          throw new TypeError("no Bearer abcdefghijklmnopqrstuvwxyz012345 here");
        }),
    ],
    [
      "rejects",
      () =>
        traceSpan("work", {}, async () => {
          throw new TypeError("no Bearer abcdefghijklmnopqrstuvwxyz012345 here");
        }),
    ],
  ])("sees what failed when its work %s, without secrets, and gets the error itself", async (_how, work) => {
    await expect((async () => work())()).rejects.toThrow(TypeError);
    await handle?.flush();
    expect(receiver.spans).toMatchObject([
      { status: { code: "STATUS_CODE_ERROR" }, attributes: { "error.type": "TypeError" } },
    ]);
    expect(receiver.spans[0]?.status.message).toMatch(/^no .*\[redacted\].* here$/);
  });

  test("continues the trace of a request, and hands its own on", async () => {
    const carrier = withTraceContext(PARENT, () =>
      traceSpan("work", {}, (span) => {
        expect(getCurrentTraceId()).toBe("a".repeat(32));
        const meta = injectTraceContext({ progressToken: 7 } as Record<string, unknown>);
        expect(meta).toEqual({
          progressToken: 7,
          traceparent: `00-${"a".repeat(32)}-${span.spanContext().spanId}-01`,
          tracestate: "vendor=value",
        });
        return meta;
      }),
    );
    await handle?.flush();
    expect(receiver.spans).toMatchObject([{ traceId: "a".repeat(32), parentSpanId: "b".repeat(16) }]);
    expect(String(carrier.traceparent)).toContain(receiver.spans[0]?.spanId);
  });

  test("hands baggage on only when it says so", () => {
    const carrier = { ...PARENT, baggage: "customer=42" };
    withTraceContext(carrier, () => {
      expect(injectTraceContext({})).not.toHaveProperty("baggage");
      expect(injectTraceContext({}, { baggage: true })).toMatchObject({ baggage: "customer=42" });
    });
  });

  test.each([undefined, {}, { traceparent: "" }, { traceparent: "garbage" }, { traceparent: 7 }])(
    "makes no parent of %j: the active span stays the parent",
    async (carrier) => {
      await traceSpan("outer", {}, async () => {
        expect(extractTraceContext(carrier)).toBe(context.active());
        withTraceContext(carrier, () => traceSpan("inner", {}, () => {}));
      });
      await handle?.flush();
      const [inner, outer] = receiver.spans;
      expect(inner?.parentSpanId).toBe(outer?.spanId);
    },
  );

  test("gets the same tracing when it starts it twice", async () => {
    expect(await initTracing({ serviceName: "other", otlpEndpoint: receiver.grpcUrl })).toBe(handle);
  });
});

describe("a service without an endpoint", () => {
  test("makes no spans, sends nothing anywhere, and works as before", async () => {
    handle = await initTracing({ serviceName: "weather" });
    expect(handle.state).toEqual({ kind: "off", reason: "no_endpoint" });
    expect(traceSpan("work", {}, () => getCurrentTraceId())).toBeUndefined();
    expect(injectTraceContext({})).toEqual({});
  });

  test("is not traced either when tracing is switched off", async () => {
    handle = await initTracing({ otlpEndpoint: receiver.httpUrl, enabled: false });
    expect(handle.state).toEqual({ kind: "off", reason: "disabled" });
  });
});

test("a service with OpenTelemetry of its own keeps it, and gets the spans there", async () => {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  trace.setGlobalTracerProvider(provider);
  try {
    handle = await initTracing({ serviceName: "weather", otlpEndpoint: receiver.httpUrl });
    expect(handle.state).toEqual({ kind: "existing" });
    traceSpan("work", {}, () => {});
    await handle.shutdown();
    traceSpan("more work", {}, () => {});
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(["work", "more work"]);
    expect(receiver.attempts).toBe(0);
  } finally {
    trace.disable();
  }
});
