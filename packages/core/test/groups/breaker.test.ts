import { expect, it } from "vitest";
import { answers, LOST } from "../fake-answers.ts";
import { useGroupBench, WORKS } from "./group-bench.ts";

const use = useGroupBench();
const GROUP = { circuit_breaker: { failure_threshold: 3, open_s: 20 }, health: { unhealthy_threshold: 100 } };

it("opens after calls in a row that no member could serve, and the success of its probe closes it", async () => {
  const bench = use({ a: { reply: answers(() => LOST) }, b: { reply: answers(() => LOST) } }, { group: GROUP });
  expect(await bench.calls(4)).toEqual(["connection", "connection", "connection", "circuit_open"]);
  expect(bench.group.snapshot().breaker).toBe("open");
  expect(bench.bus.of("call.finished").at(-1)).toMatchObject({ server: "all" });
  bench.behave("a", WORKS);
  bench.behave("b", WORKS);
  await bench.platform.clock.advanceAsync(19_999);
  expect((await bench.call())[0]).toMatchObject({ code: "circuit_open", retryAfterMs: 1 });
  await bench.platform.clock.advanceAsync(1);
  expect((await bench.call())[0].kind).toBe("result");
  expect(bench.group.snapshot().breaker).toBe("closed");
  const changes = bench.bus.of("circuit_breaker.state_changed").filter(({ server }) => server === "all");
  expect(changes.map(({ from, to }) => `${from}>${to}`)).toEqual(["closed>open", "open>half_open", "half_open>closed"]);
});

it("opens again when the probe fails, and admits one probe at a time", async () => {
  const bench = use({ a: { reply: answers(() => LOST) } }, { group: GROUP });
  await bench.calls(3);
  await bench.platform.clock.advanceAsync(20_000);
  bench.behave("a", { reply: answers(() => bench.later(1_000, LOST)) });
  const probe = bench.gateway.callTool({ server: "all", tool: "do" });
  expect(await bench.gateway.callTool({ server: "all", tool: "do" })).toMatchObject({ code: "circuit_open" });
  await bench.platform.clock.advanceAsync(1_000);
  expect(await probe).toMatchObject({ code: "connection" });
  expect(bench.group.snapshot().breaker).toBe("open");
});

it("counts a call as served when any member served it", async () => {
  const bench = use(
    { a: { reply: answers(() => LOST) }, b: WORKS },
    { group: { ...GROUP, strategy: "priority" }, members: { b: { priority: 2 } }, gateway: {} },
  );
  expect(new Set(await bench.calls(4, { tool: "safe" }))).toEqual(new Set(["b"]));
  expect(bench.group.snapshot().breaker).toBe("closed");
});

it("learns nothing from a probe whose caller left", async () => {
  const bench = use({ a: { reply: answers(() => LOST) } }, { group: GROUP });
  await bench.calls(3);
  await bench.platform.clock.advanceAsync(20_000);
  bench.behave("a", { reply: answers(() => "hang") });
  const leaving = new AbortController();
  const probe = bench.gateway.callTool({ server: "all", tool: "do" }, leaving.signal);
  await bench.platform.clock.advanceAsync(10);
  leaving.abort();
  await probe;
  expect(bench.group.snapshot().breaker).toBe("half_open");
  bench.behave("a", WORKS);
  expect((await bench.call())[0].kind).toBe("result");
  expect(bench.group.snapshot().breaker).toBe("closed");
});
