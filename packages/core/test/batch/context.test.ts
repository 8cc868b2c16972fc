import { passThroughTracer, registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { META } from "../../src/protocol/eras.ts";
import { answers, OK } from "../fake-answers.ts";
import { call, useBench } from "./bench.ts";

const use = useBench();

describe("what an item carries", () => {
  const PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const OWN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  it("is its own trace context, else that of the batch", async () => {
    const bench = use({ a: { reply: answers(() => OK) } });
    const calls = [call("a"), call("a", { _meta: { traceparent: OWN } })];
    await bench.run({ calls }, { meta: { traceparent: PARENT, progressToken: 7 }, trace: { traceparent: OWN } });
    expect(bench.received("a").map(({ trace }) => trace.traceparent)).toEqual([PARENT, OWN]);
    // A progress token belongs to one request.
    expect(bench.received("a").map(({ params }) => params._meta)).toEqual([undefined, { traceparent: OWN }]);
    await bench.run({ calls: [call("a")] }, { trace: { traceparent: OWN } });
    expect(bench.received("a").at(-1)?.trace.traceparent).toBe(OWN);
  });

  it("is the log level of the batch, unless it has its own", async () => {
    const bench = use({ a: { reply: answers(() => OK) } });
    const calls = [call("a"), call("a", { _meta: { [META.logLevel]: "error" } })];
    await bench.run({ calls }, { meta: { [META.logLevel]: "debug", progressToken: 7 } });
    expect(bench.received("a").map(({ params }) => params._meta)).toEqual([
      { [META.logLevel]: "debug" },
      { [META.logLevel]: "error" },
    ]);
  });

  it("is a child of the batch's span where there is one", async () => {
    const ended: string[] = [];
    const bench = use(
      { a: { reply: answers(() => OK) } },
      {
        tracer: {
          ...passThroughTracer,
          startBatch: ({ size, parent }) => ({
            trace: undefined,
            outbound: { traceparent: `${parent.traceparent?.slice(0, 36)}00000000000000b1-01` },
            end: (result) => ended.push(`${size} ${result}`),
          }),
        },
      },
    );
    await bench.run(
      { calls: [call("a"), call("a", { _meta: { traceparent: OWN } })] },
      { trace: { traceparent: PARENT } },
    );
    expect(bench.received("a").map(({ trace }) => trace.traceparent)).toEqual([
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00000000000000b1-01",
      OWN,
    ]);
    expect(ended).toEqual(["2 success"]);
  });

  it("is its own correlation, else that of the batch, and the caller's identity", async () => {
    const bench = use({ a: { reply: answers(() => OK) } });
    const caller = { type: "api_key", id: registeredName("alice"), roles: ["user"], credential: "api_key:1" } as const;
    const calls = [call("a"), call("a", { _meta: { user_id: "item" } })];
    await bench.run({ calls }, { caller, meta: { user_id: "batch", session_id: "s" } });
    const events = bench.bus.of("call.finished");
    expect(events.map(({ correlation }) => correlation)).toEqual([
      { userId: "batch", sessionId: "s" },
      { userId: "item", sessionId: "s" },
    ]);
    expect(events.map((event) => [event.caller, event.origin])).toEqual([
      [caller, "batch"],
      [caller, "batch"],
    ]);
  });

  it("passes through the same access policy as any call", async () => {
    const bench = use(
      { a: { reply: answers(() => OK) } },
      { access: (_caller, _server, tool) => ({ result: tool === "safe" ? "denied" : "allowed", by: "test" }) },
    );
    const [report] = await bench.run({ calls: [call("a"), call("a", { tool: "safe" })] });
    // Records say what happened; the caller hears the same as of a tool that does not exist.
    expect(report.results.map(({ error_type }) => error_type)).toEqual([null, "unknown_tool"]);
    const rejected = bench.bus.of("call.finished").filter(({ outcome }) => outcome.status === "rejected");
    expect(rejected).toMatchObject([{ outcome: { reason: "access_denied" } }]);
  });
});
