import { describe, expect, it } from "vitest";
import { groupOptions, subprocessOptions } from "../../src/options.ts";
import { answers, LOST, OK } from "../fake-answers.ts";
import { REFUSES, useGroupBench, WORKS } from "./group-bench.ts";

const use = useGroupBench();
const server = (keys: object = {}) => subprocessOptions.parse({ mode: "subprocess", command: "fake", ...keys });
const group = (members: readonly string[], keys: object = {}) =>
  groupOptions.parse({ mode: "group", members: members.map((id) => ({ id })), ...keys });

describe("while a group is in use", () => {
  it("a member is replaced without a gap, and starts with a clean record", async () => {
    const bench = use({ a: REFUSES, b: WORKS });
    await bench.calls(4);
    expect(bench.out()).toEqual({ a: "unhealthy" });
    bench.behave("a", WORKS);
    await bench.gateway.fleet.replace("a", server({ idle_ttl_s: 10 }));
    expect(bench.out()).toEqual({});
    expect(new Set(await bench.calls(4))).toEqual(new Set(["a", "b"]));
  });

  it("a member that is removed is out, and back when it is registered again", async () => {
    const bench = use({ a: WORKS, b: WORKS });
    await bench.gateway.fleet.unregister("a", "reload");
    expect(bench.out()).toEqual({ a: "not_registered" });
    expect(await bench.calls(2)).toEqual(["b", "b"]);
    bench.gateway.fleet.register("a", server(), { origin: "config" });
    expect(bench.out()).toEqual({});
  });

  it("what a former member did is not held against the one in its place", async () => {
    const bench = use(
      { a: { reply: answers(() => "hang") }, b: WORKS },
      { group: { health: { unhealthy_threshold: 1 } } },
    );
    const late = bench.gateway.callTool({ server: "all", tool: "do" });
    await bench.platform.clock.advanceAsync(10);
    const replaced = bench.gateway.fleet.replace("a", server());
    await bench.platform.clock.advanceAsync(30_000);
    expect(await late).toMatchObject({ code: "timeout" });
    expect(await replaced).toBe(true);
    expect(bench.out()).toEqual({});
  });

  it("the group gets another shape, and keeps what it knows of members that stay", async () => {
    const bench = use({ a: REFUSES, b: WORKS, c: WORKS });
    await bench.calls(6);
    bench.group.setInRotation("b", false);
    const before = bench.group;
    expect(await bench.gateway.fleet.replace("all", group(["c", "b", "a"], { strategy: "priority" }))).toBe(true);
    expect(bench.group).not.toBe(before);
    expect(bench.out()).toEqual({ a: "unhealthy", b: "taken_out" });
    expect(await bench.calls(2)).toEqual(["c", "c"]);
    expect(bench.gateway.fleet.originOf("all")).toBe("config");
  });

  it("calls that run through a group which is removed are finished", async () => {
    const bench = use({ a: { reply: answers(() => bench.later(1_000, OK)) } });
    const running = bench.gateway.callTool({ server: "all", tool: "do" });
    await bench.platform.clock.advanceAsync(10);
    expect(await bench.gateway.fleet.unregister("all", "reload")).toBe(true);
    expect(await bench.gateway.callTool({ server: "all", tool: "do" })).toMatchObject({ code: "unknown_tool" });
    await bench.platform.clock.advanceAsync(1_000);
    expect(await running).toMatchObject({ kind: "result" });
    expect(bench.bus.events.filter(({ type }) => type === "server.unregistered")).toMatchObject([{ server: "all" }]);
    expect(bench.gateway.fleet.shown().map(({ id }) => id)).toEqual(["a"]);
  });

  it("a group becomes a server and a server a group, and the name is never free", async () => {
    const bench = use({ a: WORKS, b: WORKS });
    const { fleet } = bench.gateway;
    expect(fleet.register("all", server(), { origin: "runtime" })).toBe(false);
    expect(fleet.register("a", group(["b"]), { origin: "runtime" })).toBe(false);
    expect(await fleet.replace("all", server())).toBe(true);
    expect([fleet.get("all")?.id, fleet.groups.all()]).toEqual(["all", []]);
    expect(await bench.calls(1)).toEqual(["all"]);
    expect(await fleet.replace("all", group(["a", "b"]))).toBe(true);
    expect(fleet.get("all")).toBeUndefined();
    expect(bench.bus.of("server.unregistered")).toEqual([]);
    expect(new Set(await bench.calls(2))).toEqual(new Set(["a", "b"]));
  });
});

it("clients are told when a group comes, changes and goes", async () => {
  const bench = use({ a: WORKS });
  const changed: string[] = [];
  bench.gateway.fleet.observe({
    onListChanged: ({ id }, list) => changed.push(`${id} ${list}`),
    onNotification: () => {},
  });
  bench.gateway.fleet.register("more", group(["a"]), { origin: "runtime" });
  await bench.gateway.fleet.replace("more", group(["a"]));
  await bench.gateway.fleet.unregister("more", "requested");
  expect(changed.filter((line) => line === "more tools")).toHaveLength(3);
  expect(bench.bus.of("server.registered").filter(({ mode }) => mode === "group")).toHaveLength(3);
  expect(bench.gateway.fleet.get("a")?.snapshot().group).toBe("all");
});

it("a server that two groups claim while the configuration changes belongs to the first", async () => {
  const bench = use({ a: { reply: answers(() => LOST) }, b: WORKS });
  bench.gateway.fleet.register("more", group(["b"]), { origin: "runtime" });
  expect(bench.gateway.fleet.groups.of("b")?.id).toBe("all");
  await bench.gateway.fleet.replace("all", group(["a"]));
  expect(bench.gateway.fleet.groups.of("b")?.id).toBe("more");
});
