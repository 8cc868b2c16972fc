import type { CallStatus } from "@mcp-hangar/telemetry";
import { expect, it } from "vitest";
import type { CallResult } from "../../src/call.ts";
import { Gateway } from "../../src/gateway.ts";
import { STRATEGIES } from "../../src/groups/strategies/index.ts";
import {
  circuitBreakerOptions,
  type EntryOptions,
  executionOptions,
  groupOptions,
  type ServerOptions,
  subprocessOptions,
} from "../../src/options.ts";
import {
  type FakeClock,
  fakePlatform,
  listeningTracer,
  RecordingBus,
  type SeededRandom,
  seededRandom,
  UnreliableUpstream,
} from "../../src/testing/index.ts";

const SEEDS = 300;
const STEPS = 60;
const MEMBERS = ["a", "b", "c", "d"] as const;

/** Random calls through a group of servers that go wrong in every way, while members and the group itself change. */
it("ends every call in time and tells of it once, gives every permit back, spares who is out of rotation, and does nothing twice", async () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++) await simulate(seed, seen);
  // A simulation in which nothing happens proves nothing.
  expect([...seen].sort()).toEqual(
    [
      "circuit_open",
      "cold_start",
      "failover",
      "group breaker",
      "left rotation",
      "rejoined",
      "success",
      "timeout",
    ].sort(),
  );
});

interface Sent {
  readonly id: string;
  readonly deadlineMs: number;
  readonly leave: AbortController;
  result: CallResult | undefined;
  endedMs: number;
}

async function simulate(seed: number, seen: Set<string>): Promise<void> {
  const random = seededRandom(seed);
  const platform = fakePlatform({ seed });
  const { clock } = platform;
  const bus = new RecordingBus();
  const where = `seed ${seed}`;
  const upstreams = new Map<string, UnreliableUpstream>(
    MEMBERS.map((id) => [id, new UnreliableUpstream(clock, random, seed % 2 === 0)]),
  );
  const callTimeoutSeconds = random.integer(1, 20);
  /** How often each call has reached an upstream. */
  const executed = new Map<unknown, number>();
  for (const { transport } of upstreams.values()) {
    const { reply } = transport.behaviour;
    transport.behaviour.reply = (request) => {
      const { call } = (request.params.arguments ?? {}) as { readonly call?: string };
      if (call !== undefined) executed.set(call, (executed.get(call) ?? 0) + 1);
      return reply(request);
    };
  }
  const gateway = new Gateway({
    servers: {
      ...Object.fromEntries(MEMBERS.map((id) => [id, server(random)])),
      all: group(random, callTimeoutSeconds),
    },
    execution: executionOptions.parse({ max_concurrency: random.integer(1, 20), max_waiting: random.integer(0, 20) }),
    circuitBreaker: circuitBreakerOptions.parse({
      failure_threshold: random.integer(1, 5),
      open_s: random.integer(1, 10),
    }),
    bus,
    platform,
    tracer: listeningTracer((name) => seen.add(name)),
    info: { name: "simulation", version: "0" },
    // Every id of the fleet has its upstream.
    transports: (id) => (upstreams.get(id) as UnreliableUpstream).transport,
  });
  const { fleet } = gateway;
  gateway.start();
  const sent: Sent[] = [];
  const leaving: Promise<unknown>[] = [];
  let out: ReadonlySet<string> = new Set();
  for (let step = 0; step < STEPS; step++) {
    if (random.chance(0.3)) upstreams.get(random.pick(MEMBERS))?.change();
    if (random.chance(0.05)) fleet.groups.get("all")?.setInRotation(random.pick(MEMBERS), random.chance(0.7));
    if (random.chance(0.03)) leaving.push(fleet.replace(random.pick(MEMBERS), server(random)));
    if (random.chance(0.03)) leaving.push(fleet.replace("all", group(random, callTimeoutSeconds)));
    if (random.chance(0.05)) sent.at(-1)?.leave.abort();
    if (random.chance(0.7)) send();
    await clock.advanceAsync(random.pick([0, 10, 50, 1_000, 5_000]));
    const now = outOfRotation();
    if (now.difference(out).size > 0) seen.add("left rotation");
    if (out.difference(now).size > 0) seen.add("rejoined");
    out = now;
  }
  for (const upstream of upstreams.values()) upstream.heal();
  for (let ms = 0; ms < 61_000; ms += 1_000) await clock.advanceAsync(1_000);

  const finished = bus.of("call.finished");
  expect(finished.length, where).toBe(sent.length);
  for (const { id, result, endedMs, deadlineMs } of sent) {
    if (result === undefined) throw new Error(`${where}: call ${id} has not ended`);
    expect(endedMs, where).toBeLessThanOrEqual(deadlineMs);
    const events = finished.filter(({ callId }) => callId === id);
    expect(events.length, where).toBe(1);
    const status: CallStatus | undefined = events[0]?.outcome.status;
    expect(status === "success", where).toBe(result.kind === "result" && !result.result.isError);
    expect([...MEMBERS, "all"], where).toContain(events[0]?.server);
    // The tool is not declared repeatable.
    expect(executed.get(id) ?? 0, where).toBeLessThanOrEqual(1);
    if (status === "success") expect(executed.get(id), where).toBe(1);
    if (status === "success" || status === "timeout") seen.add(status);
    if (result.kind === "failure" && result.code === "circuit_open") seen.add(result.code);
  }
  for (const { slots, inFlight } of fleet.all())
    expect([slots.inUse, slots.waiting, inFlight], where).toEqual([0, 0, 0]);
  expect(fleet.groups.get("all")?.inFlight, where).toBe(0);
  if (bus.of("circuit_breaker.state_changed").some((event) => event.server === "all")) seen.add("group breaker");
  await closeAll(gateway, leaving, clock);
  expect(clock.pendingTimers, where).toBe(0);

  function send(): void {
    const own = random.chance(0.2) ? random.integer(1, 30) : undefined;
    const one: Sent = {
      id: `call-${sent.length}`,
      deadlineMs: clock.nowMs() + (own ?? callTimeoutSeconds) * 1_000,
      leave: new AbortController(),
      result: undefined,
      endedMs: Number.POSITIVE_INFINITY,
    };
    sent.push(one);
    const call = {
      server: "all",
      tool: "echo",
      arguments: { call: one.id },
      callId: one.id,
      timeoutMs: own === undefined ? undefined : own * 1_000,
    };
    const spared = [...outOfRotation()].map((id) => [id, fleet.get(id)?.inFlight]);
    void gateway.callTool(call, one.leave.signal).then((result) => {
      one.result = result;
      one.endedMs = clock.nowMs();
    });
    // The first member is chosen and entered before anything is awaited.
    expect(
      spared.map(([id]) => [id, fleet.get(String(id))?.inFlight]),
      where,
    ).toEqual(spared);
  }

  function outOfRotation(): ReadonlySet<string> {
    const members = fleet.groups.get("all")?.snapshot().members ?? [];
    return new Set(members.filter(({ inRotation }) => !inRotation).map(({ id }) => id));
  }
}

function server(random: SeededRandom): ServerOptions {
  return subprocessOptions.parse({
    mode: "subprocess",
    command: "fake",
    call_timeout_s: random.integer(1, 20),
    health_check_interval_s: random.integer(1, 10),
    ...(random.chance(0.5) ? { max_concurrency: random.integer(1, 3) } : {}),
  });
}

function group(random: SeededRandom, callTimeoutSeconds: number): EntryOptions {
  return groupOptions.parse({
    mode: "group",
    strategy: STRATEGIES[random.integer(0, STRATEGIES.length - 1)]?.name,
    members: MEMBERS.map((id) => ({ id, weight: random.integer(1, 5), priority: random.integer(0, 2) })),
    min_healthy: random.integer(1, 3),
    health: { unhealthy_threshold: random.integer(1, 3), healthy_threshold: random.integer(1, 2) },
    circuit_breaker: { failure_threshold: random.integer(1, 4), open_s: random.integer(1, 10) },
    call_timeout_s: callTimeoutSeconds,
  });
}

/** Closing waits for sessions that take their time. */
async function closeAll(gateway: Gateway, leaving: readonly Promise<unknown>[], clock: FakeClock): Promise<void> {
  let closed = false;
  const closing = Promise.all([gateway.close(), ...leaving]).then(() => {
    closed = true;
  });
  for (let ms = 0; ms < 60_000 && !closed; ms += 1_000) await clock.advanceAsync(1_000);
  await closing;
}
