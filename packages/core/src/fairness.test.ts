import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { afterEach, describe, expect, it } from "vitest";
import type { CallResult } from "./call.ts";
import { Gateway, type GatewayOptions } from "./gateway.ts";
import { circuitBreakerOptions, executionOptions, rateLimitOptions, subprocessOptions } from "./options.ts";
import {
  type FakeReply,
  FakeTransport,
  fakePlatform,
  RecordingBus,
  resultReply,
  seededRandom,
} from "./testing/index.ts";

const SERVERS = ["a", "b", "c", "d", "e", "f"];

let gateway: Gateway;
let bus: RecordingBus;
/** Calls that have reached their server, as `caller@server`. */
let reached: string[];

const platform = fakePlatform();
/** A call says with its arguments whose it is and how long it takes; without a time it hangs. */
const reply: FakeReply = (request) => {
  const { name, arguments: args } = request.params as { name?: string; arguments?: { key?: string; ms?: number } };
  if (request.method === "tools/list") return resultReply({ tools: [{ name: "work" }] });
  if (name === undefined) return resultReply({});
  reached.push(args?.key ?? "");
  const { ms } = args ?? {};
  if (ms === undefined) return "hang";
  return new Promise((resolve) => void platform.clock.schedule(ms, () => resolve(resultReply({}))));
};

function start(options: Partial<GatewayOptions> = {}): void {
  bus = new RecordingBus();
  reached = [];
  const server = subprocessOptions.parse({ mode: "subprocess", command: "fake" });
  gateway = new Gateway({
    servers: Object.fromEntries(SERVERS.map((id) => [id, server])),
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus,
    platform,
    info: { name: "test", version: "0" },
    transports: () => new FakeTransport(platform.clock, { reply }),
    ...options,
  });
}

afterEach(async () => {
  await gateway.close();
});

function callerNamed(name: string): Caller {
  return { type: "api_key", id: registeredName(name), roles: [], credential: `api_key:${name}` };
}

function anonymousAt(address: string): Caller {
  return { type: "anonymous", id: registeredName("anonymous"), roles: [], credential: "anonymous", address };
}

function call(caller: Caller, server: string, key: string, ms?: number): Promise<CallResult> {
  return gateway.callTool({ caller, server, tool: "work", arguments: { key, ...(ms === undefined ? {} : { ms }) } });
}

const settle = (): Promise<void> => platform.clock.advanceAsync(0);

describe("a caller whose calls hang", () => {
  it.each([
    ["with a key", callerNamed("alice"), callerNamed("bob")],
    ["without authentication, at another address", anonymousAt("192.0.2.1"), anonymousAt("192.0.2.2")],
  ])("%s, leaves an idle server and a busy one to others at once", async (_how, alice, bob) => {
    start();
    const hanging = SERVERS.slice(0, 5).flatMap((id) => Array.from({ length: 200 }, () => call(alice, id, "alice")));
    await settle();
    expect(reached).toHaveLength(40);
    expect(await Promise.race([call(bob, "f", "idle", 0), settle()])).toMatchObject({ kind: "result" });
    expect(await Promise.race([call(bob, "a", "busy", 0), settle()])).toMatchObject({ kind: "result" });
    expect(reached.slice(40)).toEqual(["idle", "busy"]);
    await platform.clock.advanceAsync(31_000);
    const ends = await Promise.all(hanging);
    expect(ends.filter((result) => result.kind !== "failure")).toEqual([]);
    expect(gateway.fleet.callsInFlight()).toBe(0);
  });

  it("fills no queue for others", async () => {
    start();
    const [alice, bob] = [callerNamed("alice"), callerNamed("bob")];
    const hanging = Array.from({ length: 2_000 }, () => call(alice, "a", "alice"));
    // Two of bob's fit beside alice's, the third waits.
    const waiting = ["first", "second", "third"].map((key) => call(bob, "a", key, 50));
    await settle();
    const refused = await Promise.all(hanging.slice(808));
    expect(refused.every((result) => result.kind === "failure" && result.code === "overloaded")).toBe(true);
    expect(reached.slice(8)).toEqual(["first", "second"]);
    await platform.clock.advanceAsync(100);
    expect(await Promise.all(waiting)).toMatchObject([{ kind: "result" }, { kind: "result" }, { kind: "result" }]);
    await platform.clock.advanceAsync(31_000);
    await Promise.all(hanging);
  });

  it("gets as much as the configuration says, of the gateway and of each server, and that follows a reload", async () => {
    start({ execution: executionOptions.parse({ max_concurrency_per_caller: 25 }) });
    const alice = callerNamed("alice");
    const hanging = SERVERS.flatMap((id) => Array.from({ length: 10 }, () => call(alice, id, id)));
    await settle();
    expect(reached).toHaveLength(25);
    expect(reached.filter((id) => id === "a")).toHaveLength(5);
    gateway.configure({ execution: executionOptions.parse({ max_concurrency_per_caller: 50 }) });
    await settle();
    expect(reached).toHaveLength(50);
    expect(reached.filter((id) => id === "a")).toHaveLength(10);
    await platform.clock.advanceAsync(61_000);
    await Promise.all(hanging);
  });

  it("has all there is when it runs the process", async () => {
    start();
    const hanging = SERVERS.flatMap((id) =>
      Array.from({ length: 10 }, () => gateway.callTool({ server: id, tool: "work", arguments: { key: id } })),
    );
    await settle();
    expect(reached).toHaveLength(50);
    await platform.clock.advanceAsync(61_000);
    await Promise.all(hanging);
  });
});

it("callers who make one call at a time never wait for one who makes as many as possible, at any server", async () => {
  for (let seed = 1; seed <= 15; seed++) {
    const random = seededRandom(seed);
    start();
    const greedy = callerNamed("greedy");
    const modest = ["m1", "m2", "m3", "m4", "m5"].map((name) => ({ name, caller: callerNamed(name), busy: false }));
    const all: Promise<CallResult>[] = [];
    let made = 0;
    for (let step = 0; step < 80; step++) {
      for (let burst = random.integer(0, 15); burst > 0; burst--) {
        const ms = random.chance(0.3) ? undefined : random.integer(0, 5_000);
        all.push(call(greedy, SERVERS[random.integer(0, 5)] ?? "a", "greedy", ms));
      }
      for (const [index, each] of modest.entries()) {
        if (each.busy || random.chance(0.5)) continue;
        each.busy = true;
        const key = `${each.name} ${made++}`;
        // At most two of them at a server, where two places are kept from the greedy caller.
        const ended = call(each.caller, SERVERS[index >> 1] ?? "a", key, random.integer(0, 2_000));
        await settle();
        expect(reached, `seed ${seed}: ${key} waits`).toContain(key);
        all.push(
          ended.finally(() => {
            each.busy = false;
          }),
        );
      }
      await platform.clock.advanceAsync(random.integer(0, 500));
    }
    await platform.clock.advanceAsync(600_000);
    const results = await Promise.all(all);
    expect(bus.of("call.finished")).toHaveLength(results.length);
    expect(gateway.fleet.callsInFlight()).toBe(0);
    for (const { slots } of gateway.fleet.all()) expect([slots.inUse, slots.waiting], `seed ${seed}`).toEqual([0, 0]);
    await gateway.close();
  }
});

describe("the rate limit", () => {
  const rateLimit = rateLimitOptions.parse({ enabled: true, requests_per_second: 1, burst: 1 });
  const METHODS = [
    "resources/read",
    "prompts/get",
    "completion/complete",
    "resources/subscribe",
    "resources/unsubscribe",
    "logging/setLevel",
    "a method of tomorrow",
  ];

  it.each(METHODS)("counts %s as it counts a call", async (method) => {
    start({ rateLimit });
    const alice = callerNamed("alice");
    const ask = (caller: Caller, admitted?: boolean): Promise<CallResult> =>
      gateway.relay({ caller, server: "a", method, params: {}, admitted });
    expect(await ask(alice)).toMatchObject({ kind: "result" });
    const refused = await Promise.all(Array.from({ length: 20 }, () => ask(alice)));
    for (const each of refused) expect(each).toMatchObject({ code: "rate_limited", retryAfterMs: 1_000 });
    expect(await call(alice, "a", "alice", 0)).toMatchObject({ code: "rate_limited" });
    const hits = bus.of("request.finished").filter(({ outcome }) => outcome.status === "rejected");
    expect(hits).toHaveLength(20);
    expect(hits[0]).toMatchObject({ caller: alice, outcome: { reason: "rate_limited" } });
    // Others have a bucket of their own, and what was let in already is not counted again.
    expect(await ask(callerNamed("bob"))).toMatchObject({ kind: "result" });
    expect(await ask(alice, true)).toMatchObject({ kind: "result" });
    await platform.clock.advanceAsync(1_000);
    expect(await ask(alice)).toMatchObject({ kind: "result" });
  });

  it("knows callers without authentication by their address", async () => {
    start({ rateLimit });
    const [here, there] = [anonymousAt("192.0.2.1"), anonymousAt("2001:db8::/64")];
    expect(gateway.admitRequest(here)).toBeUndefined();
    expect(gateway.admitRequest(here)).toMatchObject({ code: "rate_limited" });
    expect(gateway.admitRequest(there)).toBeUndefined();
  });

  it("leaves a caller without tokens for calls those for operations, of which there are as many", async () => {
    start({ rateLimit });
    const alice = callerNamed("alice");
    expect(gateway.admitRequest(alice)).toBeUndefined();
    expect(await call(alice, "a", "alice", 0)).toMatchObject({ code: "rate_limited" });
    expect(gateway.admitOperation(alice)).toBeUndefined();
    expect(gateway.admitOperation(alice)).toMatchObject({ code: "rate_limited", retryAfterMs: 1_000 });
  });
});
