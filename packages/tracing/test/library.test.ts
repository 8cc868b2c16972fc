import { runInNewContext } from "node:vm";
import { context } from "@opentelemetry/api";
import { beforeEach, describe, expect, test } from "vitest";
import {
  extractTraceContext,
  getCurrentTraceId,
  initTracing,
  injectTraceContext,
  setGovernanceAttributes,
  traceSpan,
  withTraceContext,
} from "../src/index.ts";
import { libraryUnderTest, PARENT } from "./library-under-test.ts";

const library = libraryUnderTest();

describe("a service that starts tracing", () => {
  beforeEach(async () => {
    library.handle = await initTracing({ serviceName: "weather", otlpEndpoint: library.receiver.httpUrl });
  });

  test("has its spans at the collector, beneath each other, across await", async () => {
    const result = await traceSpan("outer", { "my.key": 1, absent: undefined }, async (span) => {
      setGovernanceAttributes(span, { serverId: "math", callerRoles: ["operator"], userId: undefined, costCents: 3 });
      await new Promise((resolve) => setImmediate(resolve));
      return traceSpan("inner", {}, () => 42);
    });
    await library.handle?.flush();
    expect(result).toBe(42);
    const [inner, outer] = library.receiver.spans;
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
    await library.handle?.flush();
    expect(library.receiver.spans).toMatchObject([
      { status: { code: "STATUS_CODE_ERROR" }, attributes: { "error.type": "TypeError" } },
    ]);
    expect(library.receiver.spans[0]?.status.message).toMatch(/^no .*\[redacted\].* here$/);
  });

  test.each<[thrown: string, error: unknown, type: string, message: string]>([
    ["a text", "broken", "_OTHER", "broken"],
    ["nothing", undefined, "_OTHER", "undefined"],
    ["a symbol", Symbol("broken"), "_OTHER", "Symbol(broken)"],
    ["what has no text", Object.create(null), "_OTHER", ""],
    [
      "an error whose message is none",
      Object.assign(new Error(), { message: { code: 1 } }),
      "Error",
      "[object Object]",
    ],
    ["an error without a name", Object.assign(new Error("broken"), { name: "" }), "_OTHER", "broken"],
    ["an error that breaks when it is asked", breaking(), "_OTHER", ""],
  ])("sees what failed when its work throws %s, and gets the same", async (_thrown, error, type, message) => {
    const caught: unknown[] = [];
    for (const work of [() => Promise.reject(error), () => thrown(error)]) {
      try {
        await traceSpan("work", {}, work);
      } catch (each) {
        caught.push(each);
      }
    }
    expect(caught.every((each) => each === error)).toBe(true);
    expect(caught).toHaveLength(2);
    await library.handle?.flush();
    const expected = { status: { code: "STATUS_CODE_ERROR", message }, attributes: { "error.type": type } };
    expect(library.receiver.spans).toMatchObject([expected, expected]);
  });

  test("has spans that last as long as a promise, of whichever realm, and no thenable is begun for it", async () => {
    const gate = Promise.withResolvers<void>();
    // A promise of another realm, such as those of Node.js in Jest.
    const foreign = runInNewContext("(gate) => (async () => { await gate; })()") as (gate: unknown) => Promise<void>;
    const waiting = traceSpan("foreign", {}, () => foreign(gate.promise));
    let begun = 0;
    const lazy = {};
    Reflect.set(lazy, "then", () => void begun++);
    expect(traceSpan("lazy", {}, () => lazy)).toBe(lazy);
    await library.handle?.flush();
    expect(library.receiver.spans.map(({ name }) => name)).toEqual(["lazy"]);
    expect(begun).toBe(0);
    gate.resolve();
    await waiting;
    await library.handle?.flush();
    expect(library.receiver.spans.map(({ name }) => name)).toEqual(["lazy", "foreign"]);
  });

  test.each<unknown>([7, true, null, {}, [], ["vendor=other"], { a: 1 }, "", "\u0000", "x".repeat(1_000_000), "=,=,;"])(
    "continues the trace whatever stands beside traceparent: %j",
    async (value) => {
      const carrier = { traceparent: PARENT.traceparent, tracestate: value, baggage: value };
      withTraceContext(carrier, () => traceSpan("work", {}, () => injectTraceContext({}, { baggage: true })));
      await library.handle?.flush();
      expect(library.receiver.spans).toMatchObject([{ traceId: "a".repeat(32), parentSpanId: "b".repeat(16) }]);
    },
  );

  test.each(["ff", "03", "10", "01", "02", "00"])(
    "hands on a traceparent that can be read when its flags were %s",
    (flags) => {
      const carrier = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-${flags}` };
      const { traceparent } = withTraceContext(carrier, () => injectTraceContext<Record<string, unknown>>({}));
      const sampled = (Number.parseInt(flags, 16) & 1) === 1;
      expect(traceparent).toBe(`00-${"a".repeat(32)}-${"b".repeat(16)}-${sampled ? "01" : "00"}`);
    },
  );

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
    await library.handle?.flush();
    expect(library.receiver.spans).toMatchObject([{ traceId: "a".repeat(32), parentSpanId: "b".repeat(16) }]);
    expect(String(carrier.traceparent)).toContain(library.receiver.spans[0]?.spanId);
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
      await library.handle?.flush();
      const [inner, outer] = library.receiver.spans;
      expect(inner?.parentSpanId).toBe(outer?.spanId);
    },
  );

  test("gets the same tracing when it starts it twice", async () => {
    expect(await initTracing({ serviceName: "other", otlpEndpoint: library.receiver.grpcUrl })).toBe(library.handle);
  });
});

describe("a service without an endpoint", () => {
  test("makes no spans, sends nothing anywhere, and works as before", async () => {
    library.handle = await initTracing({ serviceName: "weather" });
    expect(library.handle.state).toEqual({ kind: "off", reason: "no_endpoint" });
    expect(traceSpan("work", {}, () => getCurrentTraceId())).toBeUndefined();
    expect(injectTraceContext({})).toEqual({});
  });

  test("is not traced either when tracing is switched off", async () => {
    library.handle = await initTracing({ otlpEndpoint: library.receiver.httpUrl, enabled: false });
    expect(library.handle.state).toEqual({ kind: "off", reason: "disabled" });
  });
});

/** An error of which every part throws. */
function breaking(): Error {
  const fail = (): never => {
    throw new TypeError("asked");
  };
  return Object.defineProperties(new Error(), { message: { get: fail }, name: { get: fail } });
}

function thrown(error: unknown): never {
  throw error;
}
