import { describe, expect, it } from "vitest";
import { circuitBreakerOptions } from "../../src/options.ts";
import type { FakeReply } from "../../src/testing/fake-session.ts";
import { StartError } from "../../src/transports/session.ts";
import { answers, LOST, OK } from "../fake-answers.ts";
import { REFUSES, useGroupBench, WORKS } from "./group-bench.ts";

const use = useGroupBench();

describe("a member whose calls fail", () => {
  it("leaves rotation at the threshold and gets no more calls", async () => {
    const bench = use({ a: REFUSES, b: WORKS }, { group: { health: { unhealthy_threshold: 3 } } });
    // It has waited longest each time, since its calls end at the other one.
    await bench.calls(2);
    expect(bench.out()).toEqual({});
    await bench.calls(1);
    expect(bench.out()).toEqual({ a: "unhealthy" });
    await bench.calls(10);
    expect(bench.received("a")).toHaveLength(3);
    expect(bench.group.snapshot()).toMatchObject({
      inRotation: 1,
      members: [
        { id: "a", inRotation: false, outBecause: "unhealthy", consecutiveFailures: 3, consecutiveSuccesses: 0 },
        { id: "b", inRotation: true, outBecause: undefined, consecutiveFailures: 0 },
      ],
    });
  });

  it("stays when a success comes between its failures", async () => {
    let count = 0;
    const sometimes = { reply: answers(() => (++count % 2 === 0 ? OK : LOST)) };
    const bench = use({ a: sometimes });
    await bench.calls(10);
    expect(bench.out()).toEqual({});
  });

  it("comes back after as many healthy checks as the other threshold says", async () => {
    const bench = use(
      { a: REFUSES, b: WORKS },
      { group: { health: { healthy_threshold: 2 } }, server: { health_check_interval_s: 10 } },
    );
    bench.gateway.start();
    await bench.calls(4);
    expect(bench.out()).toEqual({ a: "unhealthy" });
    bench.behave("a", WORKS);
    await bench.platform.clock.advanceAsync(11_500);
    expect(bench.out()).toEqual({ a: "unhealthy" });
    await bench.platform.clock.advanceAsync(11_500);
    expect(bench.out()).toEqual({});
    expect(new Set(await bench.calls(4))).toEqual(new Set(["a", "b"]));
  });

  it("is started by its health check when it has crashed, for no call would start it", async () => {
    const bench = use({ a: { reply: answers(() => "hang") }, b: WORKS }, { server: { health_check_interval_s: 10 } });
    bench.gateway.start();
    // Stable before it crashes: the lifecycle counts no failure then.
    const stuck = [1, 2, 3].map(() => bench.gateway.callTool({ server: "a", tool: "do" }));
    const through = [1, 2, 3, 4].map(() => bench.gateway.callTool({ server: "all", tool: "do" }));
    await bench.platform.clock.advanceAsync(12_000);
    bench.transport("a").lastSession?.crash();
    await Promise.all([...stuck, ...through]);
    expect(bench.gateway.fleet.get("a")?.state).toMatchObject({ name: "cold", failures: 0 });
    expect(bench.out()).toEqual({ a: "unhealthy" });
    bench.behave("a", WORKS);
    await bench.platform.clock.advanceAsync(11_500);
    expect(bench.gateway.fleet.get("a")?.state.name).toBe("ready");
    expect(bench.out()).toEqual({});
  });

  it("is not blamed for a caller with little patience", async () => {
    const silent = answers(() => "hang");
    const reply: FakeReply = (request) => (request.method === "ping" ? "hang" : silent(request));
    const bench = use({ a: { reply } }, { server: { call_timeout_s: 10 } });
    await bench.calls(5, { timeoutMs: 4_000 });
    expect(bench.out()).toEqual({});
    await bench.calls(2, { timeoutMs: 6_000 });
    await bench.platform.clock.advanceAsync(5_000);
    expect(bench.out()).toEqual({ a: "unhealthy" });
  });

  it("is not blamed for a tool that hangs while it gives signs of life", async () => {
    const bench = use({ a: { reply: answers(() => "hang") } }, { server: { call_timeout_s: 10 } });
    await bench.calls(5, { timeoutMs: 10_000 });
    await bench.platform.clock.advanceAsync(5_000);
    expect(bench.out()).toEqual({});
  });

  it("is not blamed for calls that went past the group", async () => {
    const bench = use({ a: REFUSES, b: WORKS });
    await bench.calls(3, { server: "a" });
    expect(bench.out()).toEqual({});
  });
});

describe("a member", () => {
  it("is back with its next health check after a crash, however many calls the crash took along", async () => {
    const bench = use(
      { a: { reply: answers(() => "hang") }, b: WORKS },
      { group: { health: { unhealthy_threshold: 1 } }, server: { health_check_interval_s: 2 } },
    );
    bench.gateway.start();
    // Half of these are at the member that crashes: more than failures in a row that open a breaker.
    const calls = Array.from({ length: 16 }, () => bench.gateway.callTool({ server: "all", tool: "do" }));
    await bench.platform.clock.advanceAsync(12_000);
    expect(bench.gateway.fleet.get("a")?.inFlight).toBe(8);
    bench.behave("a", WORKS);
    bench.transport("a").lastSession?.crash();
    const failed = (await Promise.all(calls)).filter(({ kind }) => kind === "failure");
    expect(failed).toHaveLength(8);
    expect(bench.out()).toEqual({ a: "unhealthy" });
    await bench.platform.clock.advanceAsync(2_200);
    expect(bench.out()).toEqual({});
    expect(bench.bus.of("circuit_breaker.state_changed")).toEqual([]);
  });

  it("is out while its own circuit breaker is open, and probed when that has waited", async () => {
    const bench = use(
      { a: { reply: answers(() => LOST) }, b: WORKS },
      {
        group: { health: { unhealthy_threshold: 100 } },
        gateway: { circuitBreaker: circuitBreakerOptions.parse({ failure_threshold: 2, open_s: 30 }) },
      },
    );
    await bench.calls(2, { server: "a" });
    expect(bench.out()).toEqual({ a: "circuit_open" });
    expect(await bench.calls(3)).toEqual(["b", "b", "b"]);
    bench.behave("a", WORKS);
    await bench.platform.clock.advanceAsync(30_000);
    expect(bench.out()).toEqual({});
    expect(new Set(await bench.calls(2))).toEqual(new Set(["a", "b"]));
    expect(bench.gateway.fleet.get("a")?.breaker.state()).toBe("closed");
  });

  it("is out while it is dead, and while it is restarted", async () => {
    const broken = { openError: new StartError("refused", "connection refused") };
    const bench = use(
      { a: broken, b: WORKS },
      { group: { health: { unhealthy_threshold: 100 } }, server: { health_check_interval_s: 10 } },
    );
    for (let attempt = 0; attempt < 3; attempt++) {
      await bench.call({ server: "a" });
      await bench.platform.clock.advanceAsync(5_000);
    }
    expect(bench.out()).toEqual({ a: "dead" });
    bench.behave("a", { openError: undefined, openDelayMs: 3_000 });
    bench.gateway.start();
    const state = (): unknown => bench.gateway.fleet.get("a")?.state.name;
    for (let ms = 0; ms < 60_000 && state() !== "initializing"; ms += 500) {
      await bench.platform.clock.advanceAsync(500);
    }
    expect(state()).toBe("initializing");
    expect(bench.out()).toEqual({ a: "dead" });
    await bench.platform.clock.advanceAsync(3_000);
    expect(bench.out()).toEqual({});
  });

  it("is out while its health checks fail often enough", async () => {
    const silent = {
      reply: (request: { method: string }) =>
        request.method === "ping" ? "hang" : answers(() => OK)(request as never),
    };
    const bench = use(
      { a: silent as never, b: WORKS },
      { group: { health: { unhealthy_threshold: 2 } }, server: { health_check_interval_s: 5, call_timeout_s: 1 } },
    );
    await bench.calls(2);
    bench.gateway.start();
    await bench.platform.clock.advanceAsync(8_000);
    expect(bench.out()).toEqual({});
    await bench.platform.clock.advanceAsync(6_000);
    expect(bench.out()).toEqual({ a: "unhealthy" });
    await bench.platform.clock.advanceAsync(7_000);
    expect(bench.out()).toEqual({ a: "degraded" });
  });

  it("is taken out and put back by hand", async () => {
    const bench = use({ a: WORKS, b: WORKS });
    expect(bench.group.setInRotation("a", false)).toBe(true);
    expect(bench.out()).toEqual({ a: "taken_out" });
    expect(await bench.calls(3)).toEqual(["b", "b", "b"]);
    expect(await bench.calls(1, { server: "a" })).toEqual(["a"]);
    expect(bench.group.setInRotation("a", true)).toBe(true);
    expect(new Set(await bench.calls(2))).toEqual(new Set(["a", "b"]));
    expect(bench.group.setInRotation("nobody", false)).toBe(false);
  });

  it("carries the name of its group in the snapshot of servers", () => {
    const bench = use({ a: WORKS, b: WORKS });
    bench.gateway.fleet.register("alone", bench.gateway.fleet.get("a")?.options as never, { origin: "runtime" });
    const groups = Object.fromEntries(bench.gateway.fleet.snapshot().map(({ id, group, mode }) => [id, [mode, group]]));
    expect(groups).toEqual({
      a: ["subprocess", "all"],
      b: ["subprocess", "all"],
      alone: ["subprocess", undefined],
      all: ["group", undefined],
    });
  });
});

describe("a group with too few members in rotation", () => {
  it("refuses at once instead of overloading the rest", async () => {
    const bench = use({ a: WORKS, b: WORKS, c: WORKS }, { group: { min_healthy: 2 } });
    bench.group.setInRotation("a", false);
    expect((await bench.call())[0].kind).toBe("result");
    bench.group.setInRotation("b", false);
    const [result] = await bench.call();
    expect(result).toMatchObject({ code: "circuit_open", maybeExecuted: false });
    expect(result).toHaveProperty(
      "message",
      'group "all" has 1 of 3 members in rotation and needs 2 (min_healthy): a (taken out by an operator), b (taken out by an operator)',
    );
    expect(bench.received("c")).toHaveLength(0);
    expect(bench.bus.of("call.finished").at(-1)).toMatchObject({ server: "all", tool: "do" });
    bench.group.setInRotation("a", true);
    expect((await bench.call())[0].kind).toBe("result");
  });

  it("says when a member may be back, where that is known", async () => {
    const bench = use(
      { a: { reply: answers(() => LOST) } },
      {
        group: { health: { unhealthy_threshold: 100 } },
        gateway: { circuitBreaker: circuitBreakerOptions.parse({ failure_threshold: 1, open_s: 30 }) },
      },
    );
    await bench.calls(1);
    await bench.platform.clock.advanceAsync(10_000);
    expect((await bench.call())[0]).toMatchObject({ code: "circuit_open", retryAfterMs: 20_000 });
  });

  it("is degraded for metrics, and dead without any", async () => {
    const bench = use({ a: WORKS, b: WORKS }, { group: { min_healthy: 2 } });
    const state = (): unknown => {
      const { state: name, up } = bench.group.serverSnapshot();
      return [name, up];
    };
    expect(state()).toEqual(["cold", true]);
    await bench.calls(1);
    expect(state()).toEqual(["ready", true]);
    bench.group.setInRotation("a", false);
    expect(state()).toEqual(["degraded", false]);
    bench.group.setInRotation("b", false);
    expect(state()).toEqual(["dead", false]);
  });
});
