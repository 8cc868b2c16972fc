import type { JournalRefusal } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { StartError } from "../../src/transports/session.ts";
import { answers, OK } from "../fake-answers.ts";
import { REFUSES, useGroupBench, WORKS } from "./group-bench.ts";

const use = useGroupBench();

describe("the attempts of a call", () => {
  it("are told in their order, each with its member, its waiting and how it ended", async () => {
    const bench = use({
      a: { openError: new StartError("refused", "connection refused"), openDelayMs: 200 },
      b: REFUSES,
      c: { ...WORKS, openDelayMs: 1_000 },
    });
    expect((await bench.call())[0].kind).toBe("result");
    const [event] = bench.bus.of("call.finished");
    expect(event).toMatchObject({ group: "all", server: "c", requestedServer: "all" });
    expect(event?.attempts).toMatchObject([
      { server: "a", code: "start_failed", coldStartSeconds: 0.2, upstreamSeconds: undefined, requestBytes: undefined },
      { server: "b", code: "connection", mode: "subprocess", upstreamSeconds: 0 },
      { server: "c", code: "success", coldStartSeconds: 1, protocolVersion: "2025-11-25" },
    ]);
  });

  it("say how long a slot was waited for and how long the server took", async () => {
    const slow = { reply: answers(() => "hang") };
    const bench = use({ a: slow }, { server: { max_concurrency: 1 } });
    await bench.gateway.fleet.get("a")?.ensureReady(new AbortController().signal);
    const first = bench.gateway.callTool({ server: "a", tool: "do", timeoutMs: 2_000 });
    await bench.platform.clock.advanceAsync(500);
    bench.behave("a", { reply: answers(() => OK) });
    const second = bench.gateway.callTool({ server: "a", tool: "do" });
    await bench.platform.clock.advanceAsync(1_500);
    expect([(await first).kind, (await second).kind]).toEqual(["failure", "result"]);
    const [lost, won] = bench.bus.of("call.finished").map(({ attempts }) => attempts);
    expect(lost).toMatchObject([{ code: "timeout", waitedSeconds: 0, upstreamSeconds: 2 }]);
    expect(won).toMatchObject([{ code: "success", waitedSeconds: 1.5, upstreamSeconds: 0 }]);
  });

  it("end with a journal that refuses: no other member is tried", async () => {
    let asked = 0;
    const begin = (): JournalRefusal => {
      asked++;
      return { message: "the disk is full", retryAfterMs: undefined };
    };
    const bench = use({ a: WORKS, b: WORKS }, { gateway: { journal: { begin, end: () => undefined } } });
    expect((await bench.call())[0]).toMatchObject({ code: "audit_unavailable", maybeExecuted: false });
    expect([asked, bench.received("a"), bench.received("b")]).toEqual([1, [], []]);
  });

  it("are none of a call that is refused before one", async () => {
    const bench = use({ a: WORKS });
    await bench.gateway.callTool({ server: "a", tool: "" });
    await bench.gateway.callTool({ server: "nobody", tool: "do" });
    expect(bench.bus.of("call.finished").map(({ attempts }) => attempts)).toEqual([[], []]);
  });
});
