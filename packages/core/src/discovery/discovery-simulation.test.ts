import { describe, expect, it } from "vitest";
import { Gateway } from "../gateway.ts";
import { circuitBreakerOptions, executionOptions, type ServerOptions, subprocessOptions } from "../options.ts";
import { FakeTransport, fakePlatform, RecordingBus, serverWithTools } from "../testing/index.ts";
import { type SeededRandom, seededRandom } from "../testing/seeded-random.ts";
import { StartError } from "../transports/session.ts";
import { Discovery } from "./discovery.ts";
import { type DiscoveryOptions, discoveryOptions } from "./options.ts";
import type { DiscoveredServer, DiscoverySource } from "./source.ts";

const STEPS = 150;
const NAMES = ["a", "b", "c", "d"] as const;
const INFO = { name: "test", version: "0" };

/** A source that announces at random, and fails, hangs and hints at random. */
class MoodySource implements DiscoverySource {
  readonly #random: SeededRandom;
  hint: () => void = () => {};
  servers: readonly DiscoveredServer[] = [];
  asked = 0;
  closed = false;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  change(): void {
    const names = NAMES.filter(() => this.#random.chance(0.6));
    this.servers = names.map((name) => {
      const command = this.#random.pick(["well", "well", "other", "broken", "hanging", ""]);
      const options = { mode: "subprocess", command: [command, name], start_timeout_s: 5, call_timeout_s: 10 };
      return { name, options, location: `/${name}` };
    });
    if (this.#random.chance(0.5)) this.hint();
  }

  async discover(signal: AbortSignal): Promise<readonly DiscoveredServer[]> {
    if (this.closed) throw new Error("asked after it was closed");
    this.asked++;
    if (this.asked > 1 && this.#random.chance(0.1)) throw new Error("refused");
    if (this.#random.chance(0.05)) await new Promise((_resolve, reject) => signal.addEventListener("abort", reject));
    return this.servers;
  }

  watch(onChange: () => void): () => void {
    this.hint = onChange;
    return () => {
      this.hint = (): void => {};
    };
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

function optionsOf(random: SeededRandom): DiscoveryOptions {
  const sources = ["first", "second"].map((name) => [
    name,
    {
      type: "filesystem",
      path: name,
      mode: random.pick(["additive", "authoritative"]),
      approve: random.chance(0.2) ? "manual" : "auto",
      interval_s: 10,
      ttl_s: random.pick([0, 15]),
      allow_empty: random.chance(0.5),
      probe: random.chance(0.8),
    },
  ]);
  return discoveryOptions.parse({ max_servers: random.pick([2, 100]), sources: Object.fromEntries(sources) });
}

async function play(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const platform = fakePlatform({ seed });
  const { clock } = platform;
  const bus = new RecordingBus();
  const transports: FakeTransport[] = [];
  const transport = (_id: string, options: ServerOptions): FakeTransport => {
    const made = new FakeTransport(clock, { reply: serverWithTools("echo"), closeDelayMs: random.pick([0, 200]) });
    const command = "command" in options ? options.command?.[0] : undefined;
    if (command === "broken") made.behaviour.openError = new StartError("refused", "connection refused");
    if (command === "hanging") made.behaviour.openHangs = true;
    made.behaviour.openDelayMs = random.pick([0, 300]);
    transports.push(made);
    return made;
  };
  const own = (command: string): ServerOptions =>
    subprocessOptions.parse({ mode: "subprocess", command: [command, "own"] });
  const gateway = new Gateway({
    servers: { a: own("well") },
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus,
    platform,
    info: INFO,
    transports: transport,
  });
  const { fleet } = gateway;
  const configured = fleet.get("a");
  const sources: MoodySource[] = [];
  const discovery = new Discovery(optionsOf(random), {
    fleet,
    bus,
    platform,
    info: INFO,
    parseDocument: (text) => JSON.parse(text),
    transports: transport,
    sources: () => {
      const source = new MoodySource(random);
      source.change();
      sources.push(source);
      return source;
    },
  });
  gateway.start();
  discovery.start();
  const calls: Promise<unknown>[] = [];
  for (let step = 0; step < STEPS; step++) {
    const name = random.pick(NAMES);
    switch (random.integer(0, 9)) {
      case 0:
      case 1:
        for (const source of sources) if (random.chance(0.5)) source.change();
        break;
      case 2:
        discovery.approve(name);
        break;
      case 3:
        if (random.chance(0.3)) discovery.reject(name);
        break;
      case 4:
        if (random.chance(0.2)) void discovery.prepare(optionsOf(random))();
        break;
      case 5:
        // Somebody removes a server over the management interface, or registers one.
        if (fleet.originOf(name) === "discovery") void fleet.unregister(name, "requested");
        else if (fleet.originOf(name) === "runtime") void fleet.unregister(name, "requested");
        else fleet.register(name, own("well"), { origin: "runtime" });
        break;
      case 6:
        void discovery.runCycle(undefined, random.chance(0.5));
        break;
      default:
        calls.push(gateway.callTool({ server: name, tool: "echo" }));
    }
    await clock.advanceAsync(random.pick([0, 50, 1_000, 12_000]));
    expect(fleet.get("a")).toBe(configured);
    // What discovery has in the fleet is what it shows as registered.
    const live = fleet.all().filter(({ id }) => fleet.originOf(id) === "discovery");
    const entitled = discovery
      .report()
      .servers.filter(({ state }) => state === "registered")
      .map(({ id }) => id);
    for (const { id } of live) expect(entitled).toContain(id);
  }
  await discovery.close();
  const closing = gateway.close();
  await clock.advanceAsync(60_000);
  await closing;
  await Promise.all(calls);
  expect(bus.of("call.finished").length).toBe(calls.length);
  for (const { live, opening } of transports) expect({ live, opening }).toEqual({ live: 0, opening: 0 });
  for (const { closed } of sources) expect(closed).toBe(true);
  expect(clock.pendingTimers).toBe(0);
  const counted = bus.of("discovery.cycle_finished");
  expect(counted.length).toBeGreaterThan(10);
}

describe("discovery in a living gateway", () => {
  it.each(Array.from({ length: 25 }, (_, index) => index + 1))(
    "touches nothing of others and leaves nothing behind, in the random history of seed %i",
    (seed) => play(seed),
  );
});
