import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Fleet } from "../fleet.ts";
import { Gateway } from "../gateway.ts";
import { circuitBreakerOptions, executionOptions, type ServerOptions, subprocessOptions } from "../options.ts";
import { type FakePlatform, FakeTransport, fakePlatform, RecordingBus, serverWithTools } from "../testing/index.ts";
import { StartError } from "../transports/session.ts";
import { Discovery } from "./discovery.ts";
import { type DiscoveryOptions, discoveryOptions } from "./options.ts";
import type { DiscoveredServer, DiscoverySource } from "./source.ts";

/** A source that announces what a test puts into it. */
class FakeSource implements DiscoverySource {
  servers: readonly DiscoveredServer[] = [];
  error: string | undefined;
  closed = false;

  async discover(): Promise<readonly DiscoveredServer[]> {
    if (this.error !== undefined) throw new Error(this.error);
    return this.servers;
  }

  announce(...names: readonly string[]): void {
    this.servers = names.map((text) => {
      const [name = "", command = name] = text.split("@");
      return { name, options: { mode: "subprocess", command }, location: `/${name}` };
    });
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

interface Setup {
  readonly discovery: Discovery;
  readonly gateway: Gateway;
  readonly fleet: Fleet;
  readonly platform: FakePlatform;
  readonly bus: RecordingBus;
  /** By path; made when first asked for. */
  readonly source: (path: string) => FakeSource;
  /** Every transport that was made, by command. */
  readonly transports: Map<string, FakeTransport[]>;
  /** Runs cycles and lets everything settle that follows. */
  readonly cycle: () => Promise<void>;
}

function options(sources: Record<string, object>, more: object = {}): DiscoveryOptions {
  const full = Object.entries(sources).map(([name, source]) => [name, { type: "filesystem", path: name, ...source }]);
  return discoveryOptions.parse({ sources: Object.fromEntries(full), ...more });
}

function setUp(sources: Record<string, object>, more: object = {}, servers: Record<string, ServerOptions> = {}): Setup {
  const platform = fakePlatform();
  const bus = new RecordingBus();
  const fakes = new Map<string, FakeSource>();
  const transports = new Map<string, FakeTransport[]>();
  const transport = (_id: string, { mode, ...rest }: ServerOptions): FakeTransport => {
    const command = "command" in rest ? String(rest.command) : mode;
    const made = new FakeTransport(platform.clock, { reply: serverWithTools(command) });
    // A command that says so does not start.
    if (command.startsWith("broken")) made.behaviour.openError = new StartError("command_not_found", "no such command");
    if (command.startsWith("hanging")) made.behaviour.openHangs = true;
    transports.set(command, [...(transports.get(command) ?? []), made]);
    return made;
  };
  const source = (path: string): FakeSource => {
    const known = fakes.get(path) ?? new FakeSource();
    fakes.set(path, known);
    return known;
  };
  const info = { name: "test", version: "0" };
  const gateway = new Gateway({
    servers,
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus,
    platform,
    info,
    transports: transport,
  });
  const discovery = new Discovery(options(sources, more), {
    fleet: gateway.fleet,
    bus,
    platform,
    info,
    parseDocument: (text) => JSON.parse(text),
    transports: transport,
    sources: (source_) => source("path" in source_ ? source_.path : source_.type),
  });
  const cycle = async (): Promise<void> => {
    await discovery.runCycle();
    await platform.clock.advanceAsync(0);
  };
  return { discovery, gateway, fleet: gateway.fleet, platform, bus, source, transports, cycle };
}

function ids(fleet: Fleet): string[] {
  return fleet.all().map(({ id }) => id);
}

describe("a discovered server", () => {
  it("is probed, stopped, and can be called then; its tools are known before it was started for a call", async () => {
    const { gateway, fleet, source, transports, cycle } = setUp({ files: {} });
    source("files").announce("math");
    await cycle();
    expect(fleet.originOf("math")).toBe("discovery");
    expect(fleet.get("math")?.catalog.toolNames()).toEqual(["math"]);
    const [probe, own] = transports.get("math") ?? [];
    expect([probe?.attempts, probe?.live, probe?.closed, own?.attempts]).toEqual([1, 0, true, 0]);
    expect(await gateway.callTool({ server: "math", tool: "math" })).toMatchObject({ kind: "result" });
    await gateway.close();
  });

  it("is kept out with the reason while it does not start, and is let in when it does", async () => {
    const { discovery, fleet, source, transports, platform, cycle } = setUp({ files: {} });
    source("files").announce("broken");
    discovery.start();
    await platform.clock.advanceAsync(100);
    expect(fleet.get("broken")).toBeUndefined();
    expect(discovery.report().servers).toMatchObject([
      { id: "broken", state: "quarantined", reason: "no such command" },
    ]);
    const attempts = (): number => transports.get("broken")?.length ?? 0;
    expect(attempts()).toBe(1);
    await platform.clock.advanceAsync(10_100);
    expect(attempts()).toBe(2);
    await platform.clock.advanceAsync(3_600_000);
    expect(attempts()).toBeGreaterThan(5);
    expect(attempts()).toBeLessThan(20);
    source("files").servers = [{ name: "broken", options: { mode: "subprocess", command: "well" }, location: "/" }];
    await cycle();
    expect(fleet.get("broken")).toBeDefined();
    await discovery.close();
    expect(platform.clock.pendingTimers).toBe(0);
  });

  it("that takes longer than its start_timeout_s is given up, and leaves nothing behind", async () => {
    const { discovery, fleet, source, transports, platform, cycle } = setUp({ files: {} });
    source("files").servers = [
      { name: "slow", options: { mode: "subprocess", command: "hanging", start_timeout_s: 3 }, location: "/" },
    ];
    await cycle();
    expect(discovery.report().servers).toMatchObject([{ state: "probing" }]);
    await platform.clock.advanceAsync(3_000);
    expect(discovery.report().servers).toMatchObject([
      { state: "quarantined", reason: expect.stringContaining("aborted") },
    ]);
    expect(ids(fleet)).toEqual([]);
    expect(transports.get("hanging")?.[0]).toMatchObject({ opening: 0, live: 0, closed: true });
    await discovery.close();
  });

  it("is replaced when its definition changes, and goes on with calls that it has", async () => {
    const { gateway, fleet, source, transports, cycle } = setUp({ files: {} });
    source("files").announce("math@one");
    await cycle();
    const server = fleet.get("math");
    source("files").announce("math@two");
    await cycle();
    expect(fleet.get("math")).not.toBe(server);
    expect(fleet.get("math")?.catalog.toolNames()).toEqual(["two"]);
    expect(transports.get("one")?.every(({ live }) => live === 0)).toBe(true);
    await gateway.close();
  });

  it("leaves with its calls finished when an authoritative source no longer announces it", async () => {
    const { discovery, gateway, fleet, platform, source, bus } = setUp({ files: { mode: "authoritative", ttl_s: 5 } });
    source("files").announce("math", "words");
    discovery.start();
    await platform.clock.advanceAsync(1_000);
    expect(ids(fleet)).toEqual(["math", "words"]);
    source("files").announce("words");
    await platform.clock.advanceAsync(60_000);
    expect(ids(fleet)).toEqual(["words"]);
    expect(bus.of("server.unregistered").map(({ server }) => server)).toEqual(["math"]);
    gateway.start();
    await platform.clock.advanceAsync(20_000);
    const swept = bus.of("idle_sweep.finished").map(({ collected }) => collected.expired);
    expect(swept.reduce((sum, expired) => sum + expired, 0)).toBe(1);
    const totals = bus.of("discovery.cycle_finished");
    expect(totals.reduce((sum, { registered }) => sum + registered, 0)).toBe(2);
    expect(totals.reduce((sum, { deregistered }) => sum + deregistered, 0)).toBe(1);
    await discovery.close();
    await gateway.close();
  });

  it("never takes the place of a server of the configuration", async () => {
    const own = subprocessOptions.parse({ mode: "subprocess", command: "own" });
    const { discovery, fleet, source, transports, cycle } = setUp({ files: {} }, {}, { math: own });
    const server = fleet.get("math");
    source("files").announce("math@theirs");
    await cycle();
    expect(fleet.get("math")).toBe(server);
    expect(transports.has("theirs")).toBe(false);
    expect(discovery.report().servers).toMatchObject([{ id: "math", state: "conflict" }]);
  });
});

describe("a source", () => {
  it("that fails keeps what it found, and is unhealthy until it answers again", async () => {
    const { discovery, fleet, platform, source, bus } = setUp({ files: { mode: "authoritative", ttl_s: 1 } });
    source("files").announce("math", "words");
    discovery.start();
    await platform.clock.advanceAsync(1_000);
    source("files").error = "connection refused";
    await platform.clock.advanceAsync(7_200_000);
    expect(ids(fleet)).toEqual(["math", "words"]);
    expect(discovery.snapshot()).toEqual([{ source: "files", servers: 2, healthy: false }]);
    expect(bus.of("discovery.cycle_finished").at(-1)).toMatchObject({ source: "files", error: "connection refused" });
    source("files").error = undefined;
    await discovery.runCycle("files");
    expect(discovery.snapshot()).toEqual([{ source: "files", servers: 2, healthy: true }]);
    await discovery.close();
  });

  it("that has nothing any more loses its server in time, although timers come early and time goes on between two looks", async () => {
    for (let early = 0; early <= 30; early++) {
      const { discovery, fleet, platform, source } = setUp({ files: { mode: "authoritative", ttl_s: 1 } });
      const { clock } = platform;
      const look = clock.nowMs.bind(clock);
      let [moment, looks] = [0, 0];
      clock.nowMs = () => {
        looks = look() === moment ? looks + 1 : 0;
        moment = look();
        return moment + (looks - early) / 100;
      };
      source("files").announce("math");
      discovery.start();
      await clock.advanceAsync(1_000);
      expect(ids(fleet)).toEqual(["math"]);
      source("files").announce();
      await discovery.runCycle("files");
      await clock.advanceAsync(2_000);
      expect(ids(fleet), `${early} looks early`).toEqual([]);
      await discovery.close();
    }
  });

  it("that announces nothing after several is not believed, unless somebody says that it is right", async () => {
    const { discovery, fleet, platform, source } = setUp({ files: { mode: "authoritative", ttl_s: 1 } });
    source("files").announce("math", "words");
    discovery.start();
    await platform.clock.advanceAsync(1_000);
    source("files").announce();
    await platform.clock.advanceAsync(600_000);
    expect(ids(fleet)).toEqual(["math", "words"]);
    expect(discovery.report().sources).toMatchObject([
      { healthy: false, error: expect.stringContaining("allow_empty") },
    ]);
    await discovery.runCycle("files", true);
    await platform.clock.advanceAsync(60_000);
    expect(ids(fleet)).toEqual([]);
    expect(discovery.snapshot()).toEqual([{ source: "files", servers: 0, healthy: true }]);
    await discovery.close();
  });

  it("tells once what is wrong with single servers, and again only when it changes", async () => {
    const { discovery, source, bus, cycle } = setUp({ files: { max_servers: 2 } });
    source("files").announce("Wrong", "math", "more", "words");
    await cycle();
    await cycle();
    const told = bus.of("discovery.cycle_finished").flatMap(({ problems }) => problems);
    expect(told).toEqual([
      expect.stringMatching(/^invalid "Wrong" \(\/Wrong\): the name is no id/),
      "2 servers beyond max_servers (2) are ignored",
    ]);
    expect(discovery.report().sources).toMatchObject([{ servers: 4, ignored: 2 }]);
  });

  it("that announces a flood keeps what it has, and the flood is not read", async () => {
    const { discovery, fleet, source, cycle } = setUp({ files: { max_servers: 3 } });
    source("files").announce("math", "words");
    await cycle();
    const flood = Array.from({ length: 20_000 }, (_, index) => ({
      name: `a${index}`,
      get options(): unknown {
        if (index > 10) throw new Error("it was read");
        return { mode: "subprocess", command: "flood" };
      },
      location: `/a${index}`,
    }));
    source("files").servers = [...flood, ...source("files").servers];
    await cycle();
    expect(ids(fleet)).toEqual(["math", "words", "a0"]);
    expect(discovery.report().sources).toMatchObject([{ servers: 20_002, ignored: 19_999, healthy: true }]);
  });

  it("may only announce the modes that it is given", async () => {
    const { discovery, fleet, source, cycle } = setUp({ files: { server_modes: ["remote"] } });
    source("files").announce("math");
    await cycle();
    expect(ids(fleet)).toEqual([]);
    expect(discovery.report().servers).toMatchObject([
      { state: "invalid", reason: expect.stringContaining("server_modes") },
    ]);
  });

  it("gives way to one that comes before it, and takes over when that gives up", async () => {
    const sources = { first: { mode: "authoritative", ttl_s: 0 }, second: {} };
    const { discovery, fleet, source, cycle, bus } = setUp(sources);
    source("first").announce("math@one");
    source("second").announce("math@two");
    await cycle();
    expect(fleet.get("math")?.catalog.toolNames()).toEqual(["one"]);
    expect(discovery.report().servers.map(({ source: from, state }) => [from, state])).toEqual([
      ["first", "registered"],
      ["second", "conflict"],
    ]);
    source("first").announce();
    await cycle();
    await cycle();
    expect(fleet.get("math")?.catalog.toolNames()).toEqual(["two"]);
    const counts = (name: string): number =>
      bus
        .of("discovery.cycle_finished")
        .filter((event) => event.source === name)
        .reduce((sum, { registered, deregistered }) => sum + registered - deregistered, 0);
    expect([counts("first"), counts("second")]).toEqual([0, 1]);
  });
});

describe("a decision", () => {
  it("lets a server in, of which nothing was started before", async () => {
    const { discovery, fleet, platform, source, transports, cycle } = setUp({ files: { approve: "manual" } });
    source("files").announce("math");
    await cycle();
    expect(transports.size).toBe(0);
    expect(discovery.approve("math")).toMatchObject({ kind: "done", server: { state: "probing" } });
    await platform.clock.advanceAsync(0);
    expect(ids(fleet)).toEqual(["math"]);
  });

  it("is refused when the definition is no longer the one that was looked at", async () => {
    const { discovery, fleet, platform, source, cycle } = setUp({ files: { approve: "manual" } });
    source("files").announce("math@good");
    await cycle();
    const fingerprint = discovery.report().servers[0]?.definition?.fingerprint;
    source("files").announce("math@evil");
    await cycle();
    expect(discovery.approve("math", { fingerprint })).toMatchObject({ kind: "refused" });
    await platform.clock.advanceAsync(0);
    expect(ids(fleet)).toEqual([]);
  });

  it("takes a server out, and is told by the metrics of its source", async () => {
    const { discovery, fleet, platform, source, bus, cycle } = setUp({ files: {} });
    source("files").announce("math");
    await cycle();
    expect(discovery.reject("math")).toMatchObject({ kind: "done", server: { state: "rejected" } });
    await platform.clock.advanceAsync(0);
    expect(ids(fleet)).toEqual([]);
    expect(bus.of("discovery.cycle_finished").at(-1)).toMatchObject({ deregistered: 1 });
    await cycle();
    expect(ids(fleet)).toEqual([]);
  });

  it("on what is unknown or cannot be used says so", async () => {
    const { discovery, source, cycle } = setUp({ files: {} });
    source("files").announce("Wrong");
    await cycle();
    expect(discovery.approve("nothing")).toMatchObject({ kind: "unknown" });
    expect(discovery.reject("nothing")).toMatchObject({ kind: "unknown" });
    expect(discovery.approve("Wrong")).toMatchObject({ kind: "refused" });
    expect(discovery.approve("math", { source: "nowhere" })).toMatchObject({ kind: "unknown" });
  });
});

describe("a decision that is kept in a file", () => {
  const inFile = async (): Promise<{ readonly file: string; readonly more: object }> => {
    const folder = await mkdtemp(join(tmpdir(), "hangar-decisions-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, "decisions.json");
    return { file, more: { decisions_file: file } };
  };
  const MANUAL = { files: { approve: "manual", probe: false } };

  it("is remembered by the next gateway: approved servers come back, and rejected ones do not", async () => {
    const { file, more } = await inFile();
    const before = setUp(MANUAL, more);
    before.source("files").announce("math", "words", "sums");
    await before.cycle();
    before.discovery.approve("math");
    before.discovery.approve("words");
    before.discovery.reject("words");
    expect(ids(before.fleet)).toEqual(["math"]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const after = setUp({ files: { ...MANUAL.files, approve: "auto" } }, more);
    after.source("files").announce("math", "words@changed", "sums");
    await after.cycle();
    expect(ids(after.fleet)).toEqual(["math", "sums"]);
    const manual = setUp(MANUAL, more);
    manual.source("files").announce("math", "words", "sums");
    await manual.cycle();
    expect(manual.discovery.report().servers.map(({ id, state }) => `${id} ${state}`)).toEqual([
      "math registered",
      "sums pending",
      "words rejected",
    ]);
  });

  it("is not made when it cannot be kept", async () => {
    const { file, more } = await inFile();
    const { discovery, fleet, source, cycle } = setUp(MANUAL, more);
    source("files").announce("math");
    await cycle();
    await mkdir(file);
    expect(discovery.approve("math")).toMatchObject({
      kind: "refused",
      message: expect.stringContaining("decisions_file"),
    });
    expect(ids(fleet)).toEqual([]);
    await rm(file, { recursive: true });
    expect(discovery.approve("math").kind).toBe("done");
    expect(ids(fleet)).toEqual(["math"]);
  });

  it.each([
    ["no JSON", "{"],
    ["of another version", '{"version": 2, "decisions": []}'],
    ["of something else", '{"version": 1, "decisions": [{"server": "files/math"}]}'],
  ])("keeps the gateway from starting, or from reloading, when the file is %s", async (_what, content) => {
    const { file, more } = await inFile();
    await writeFile(file, content);
    expect(() => setUp(MANUAL, more)).toThrow("cannot be used");
    const { discovery } = setUp(MANUAL);
    expect(() => discovery.prepare(options(MANUAL, more))).toThrow("cannot be used");
  });
});

describe("another configuration", () => {
  it("that is stricter takes out what may no longer be announced, also while nothing can be asked", async () => {
    const { discovery, fleet, platform, source } = setUp({ files: {} });
    source("files").announce("math");
    discovery.start();
    await platform.clock.advanceAsync(1_000);
    expect(ids(fleet)).toEqual(["math"]);
    source("files").error = "refused";
    await discovery.prepare(options({ files: { server_modes: ["remote"] } }))();
    expect(ids(fleet)).toEqual([]);
    expect(discovery.report().servers).toMatchObject([
      { state: "invalid", reason: expect.stringContaining("server_modes") },
    ]);
    await discovery.close();
  });

  it("with other addresses puts remote servers behind the other guard", async () => {
    const { discovery, fleet, platform, source } = setUp({ files: { probe: false, allow_addresses: ["10.0.0.0/8"] } });
    const remote = { mode: "remote", endpoint: "http://10.0.0.1/mcp" };
    source("files").servers = [{ name: "words", options: remote, location: "/" }];
    discovery.start();
    await platform.clock.advanceAsync(1_000);
    expect(fleet.get("words")?.options).toMatchObject({ address_guard: { allow: ["10.0.0.0/8"] } });
    await discovery.prepare(options({ files: { probe: false } }))();
    expect(fleet.get("words")?.options).toMatchObject({ address_guard: { allow: [] } });
    await discovery.close();
  });

  it("takes along the servers of sources that it does not have, and keeps those of the others", async () => {
    const { discovery, fleet, platform, source, bus } = setUp({ old: {}, files: {} });
    source("old").announce("math");
    source("files").announce("words");
    discovery.start();
    await platform.clock.advanceAsync(1_000);
    const words = fleet.get("words");
    await discovery.prepare(options({ files: { interval_s: 7 }, newer: {} }))();
    source("newer").announce("sums");
    await platform.clock.advanceAsync(1_000);
    await discovery.runCycle();
    await platform.clock.advanceAsync(100);
    expect(ids(fleet).sort()).toEqual(["sums", "words"]);
    expect(fleet.get("words")).toBe(words);
    expect(source("old").closed).toBe(true);
    expect(bus.of("server.unregistered").map(({ server }) => server)).toEqual(["math"]);
    await discovery.close();
    expect(platform.clock.pendingTimers).toBe(0);
  });
});

describe("the end", () => {
  it("comes at once, in the middle of probes and cycles, and leaves no timer and no session", async () => {
    const { discovery, source, platform, transports } = setUp({ files: {} });
    source("files").announce("hanging1", "hanging2", "hanging3", "hanging4", "hanging5");
    discovery.start();
    await platform.clock.advanceAsync(10);
    // No more than four servers are started at a time only to look at them.
    expect(transports.size).toBe(4);
    await discovery.close();
    expect(platform.clock.pendingTimers).toBe(0);
    for (const [transport] of transports.values())
      expect(transport).toMatchObject({ opening: 0, live: 0, closed: true });
    expect(source("files").closed).toBe(true);
  });
});
