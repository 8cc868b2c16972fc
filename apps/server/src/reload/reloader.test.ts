// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration file has its own ${…}.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Gateway } from "@mcp-hangar/core";
import {
  type FakePlatform,
  FakeTransport,
  fakePlatform,
  RecordingBus,
  serverWithTools,
} from "@mcp-hangar/core/testing";
import { registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../config/load.ts";
import { ConfigError, type ConfigProblem } from "../config/problem.ts";
import { RELOADABLE } from "../config/reloadable.ts";
import type { Logger } from "../logging/logging.ts";
import { type ConfigSource, readConfig } from "./config-source.ts";
import { follow, type ReloadPart } from "./part.ts";
import { Reloader, type ReloaderOptions } from "./reloader.ts";
import { serversPart } from "./servers-part.ts";

setFlagsFromString("--expose-gc");
// A context made after the flag was set has the function; its type is that of Node.js started with the flag.
const collectGarbage = runInNewContext("gc") as () => void;

interface Setup {
  readonly reloader: Reloader;
  readonly gateway: Gateway;
  readonly platform: FakePlatform;
  readonly bus: RecordingBus;
  /** What stands in the file. */
  text: string | undefined;
  /** How often it was read. */
  reads: number;
  readonly transports: Map<string, FakeTransport[]>;
  readonly lines: (readonly [event: string, fields: unknown])[];
  /** Levels that the log was told. */
  readonly levels: string[];
  /** What the preflight finds. */
  obstacles: readonly ConfigProblem[];
  /** Every configuration that was read, as long as somebody keeps it. */
  readonly parsed: WeakRef<object>[];
}

const server = (extra: object = {}): object => ({ mode: "subprocess", command: "fake", ...extra });

function file(servers: object, rest: object = {}): string {
  return JSON.stringify({ mcp_servers: servers, ...rest });
}

function setUp(text: string, override: Partial<Record<keyof ReloaderOptions["parts"], ReloadPart>> = {}): Setup {
  const platform = fakePlatform();
  const bus = new RecordingBus();
  const state = { text: text as string | undefined, reads: 0, transports: new Map<string, FakeTransport[]>() };
  const source: ConfigSource = {
    file: "test.yaml",
    read() {
      self.reads += 1;
      if (self.text === undefined) throw new ConfigError("test.yaml", [{ path: [], line: undefined, message: "gone" }]);
      return self.text;
    },
    parse(given) {
      const parsed = parseConfig(given, { LEVEL: "info", PORT: "8000" }, "test.yaml");
      self.parsed.push(new WeakRef(parsed));
      return { ...parsed, templateOf: (path) => parsed.templateOf(path) };
    },
  };
  const self = Object.assign(state, {
    lines: [] as Setup["lines"],
    levels: [] as string[],
    parsed: [] as WeakRef<object>[],
    obstacles: [] as readonly ConfigProblem[],
  });
  const initial = readConfig(source);
  const gateway = new Gateway({
    servers: initial.config.mcp_servers,
    execution: initial.config.execution,
    circuitBreaker: initial.config.circuit_breaker,
    bus,
    platform,
    info: { name: "test", version: "0" },
    transports: (id) => {
      const transport = new FakeTransport(platform.clock, { reply: serverWithTools("echo", "secret") });
      self.transports.set(id, [...(self.transports.get(id) ?? []), transport]);
      return transport;
    },
  });
  const nothing: ReloadPart = () => () => {};
  const parts: ReloaderOptions["parts"] = {
    ...(Object.fromEntries(RELOADABLE.map((key) => [key, nothing])) as unknown as ReloaderOptions["parts"]),
    mcp_servers: serversPart(gateway.fleet, "test.yaml"),
    "logging.level": follow(
      (config) => config.logging.level,
      (level) => self.levels.push(level),
    ),
    ...override,
  };
  const log = (event: string, fields?: unknown): void => void self.lines.push([event, fields]);
  const logger: Logger = { debug: log, info: log, warning: log, error: log, critical: log };
  const preflight: ReloaderOptions["preflight"] = async (_next, isOfInterest) =>
    self.obstacles.filter(({ path }) => isOfInterest(path));
  const reloader = new Reloader({ initial, parts, preflight, bus, clock: platform.clock, logger });
  self.reads = 0;
  return Object.assign(self, { reloader, gateway, platform, bus });
}

describe("a reload", () => {
  it("keeps the first configuration and the last, and forgets those between", async () => {
    const text = (note: number): string =>
      file({}, { logging: { level: "${LEVEL}" }, http: { port: "${PORT}" }, execution: { max_concurrency: note } });
    const test = setUp(text(1));
    for (const note of [2, 3, 4, 5]) {
      test.text = text(note);
      expect(await test.reloader.reload("request")).toMatchObject({ kind: "applied" });
    }
    const kept = (): readonly boolean[] => {
      collectGarbage();
      return test.parsed.map((reference) => reference.deref() !== undefined);
    };
    await expect.poll(kept).toEqual([true, false, false, false, true]);
    expect(test.reloader.templateOf(["logging", "level"])).toBe("${LEVEL}");
    expect(test.reloader.templateOf(["http", "port"])).toBe("${PORT}");
  });

  it("adds, removes and changes servers, and says what it did", async () => {
    const test = setUp(file({ math: server(), gone: server() }));
    const { gateway, reloader, bus } = test;
    expect(await gateway.callTool({ server: "math", tool: "secret" })).toMatchObject({ kind: "result" });
    const nobody = { type: "api_key", id: registeredName("ops"), roles: [], credential: "api_key:ops" } as const;
    test.text = file(
      { math: server({ tools: { deny: ["secret"] } }), late: server() },
      { logging: { level: "debug" } },
    );
    expect(await reloader.reload("request", nobody)).toEqual({
      kind: "applied",
      changes: {
        added: ["late"],
        removed: ["gone"],
        changed: [{ id: "math", keys: ["tools"] }],
        settings: ["logging.level"],
        needRestart: [],
      },
    });
    expect(gateway.fleet.all().map(({ id }) => id)).toEqual(["math", "late"]);
    expect(await gateway.callTool({ server: "math", tool: "secret" })).toMatchObject({ code: "unknown_tool" });
    expect(await gateway.callTool({ server: "late", tool: "echo" })).toMatchObject({ kind: "result" });
    expect(test.levels).toEqual(["debug"]);
    expect(bus.of("config.reloaded")).toMatchObject([
      {
        result: "success",
        trigger: "request",
        caller: nobody,
        message: "added: late; removed: gone; changed: math (tools); settings: logging.level",
      },
    ]);
    expect(reloader.config.mcp_servers).toHaveProperty("late");
    await gateway.close();
  });

  it("replaces no server that is as it was", async () => {
    const test = setUp(file({ math: server(), words: server() }));
    await test.gateway.callTool({ server: "words", tool: "echo" });
    test.text = file({ math: server({ idle_ttl_s: 9 }), words: server() });
    await test.reloader.reload("signal");
    expect(test.transports.get("words")).toHaveLength(1);
    expect(test.transports.get("words")?.[0]?.live).toBe(1);
    expect(test.transports.get("math")).toHaveLength(2);
    await test.gateway.close();
  });

  it("answers as soon as the change is in force, while calls at what was removed still run", async () => {
    const test = setUp(file({ math: server() }));
    const { gateway, reloader, platform } = test;
    const [old] = test.transports.get("math") ?? [];
    if (old === undefined) throw new Error("no transport was made");
    old.behaviour.reply = (request) => (request.method === "tools/call" ? "hang" : serverWithTools("echo")(request));
    const running = gateway.callTool({ server: "math", tool: "echo" });
    await expect.poll(() => old.lastSession?.inFlight).toBe(1);
    test.text = file({});
    expect(await reloader.reload("signal")).toMatchObject({ kind: "applied" });
    expect(await gateway.callTool({ server: "math", tool: "echo" })).toMatchObject({ code: "unknown_tool" });
    expect(old.live).toBe(1);
    await platform.clock.advanceAsync(31_000);
    expect(await running).toMatchObject({ code: "timeout" });
    expect(old.live).toBe(0);
    await gateway.close();
  });

  it("says which keys need a restart, and goes on saying it", async () => {
    const test = setUp(file({}));
    test.text = file({}, { http: { port: 1 } });
    for (let time = 0; time < 2; time++) {
      expect(await test.reloader.reload("signal")).toMatchObject({ changes: { needRestart: ["http.port"] } });
    }
    expect(test.lines).toEqual([
      ["config_needs_restart", { keys: ["http.port"] }],
      ["config_needs_restart", { keys: ["http.port"] }],
    ]);
    expect(test.reloader.config.http.port).toBe(8000);
    await test.gateway.close();
  });
});

describe("a configuration that cannot be used", () => {
  const broken: readonly (readonly [string, string | undefined, object])[] = [
    ["no YAML", '{"mcp_servers": {', { line: 1, key: "" }],
    [
      "an unknown key",
      '{"mcp_servers": {},\n "loging": {}}',
      { line: 2, key: "loging", message: expect.stringContaining("did you mean logging?") },
    ],
    [
      "a variable that is not set",
      '{"logging":\n {"file": "${NOWHERE}"}}',
      { line: 2, key: "logging.file", message: expect.stringContaining("NOWHERE is not set") },
    ],
    ["nothing but space", " \n", { line: undefined, key: "", message: expect.stringContaining("the file is empty") }],
    ["nothing to read", undefined, { line: undefined, key: "", message: "gone" }],
  ];
  it.each(broken)("changes nothing: %s", async (_what, text, problem) => {
    const test = setUp(file({ math: server() }));
    test.text = text;
    const outcome = await test.reloader.reload("signal");
    expect(outcome).toMatchObject({
      kind: "rejected",
      problems: expect.arrayContaining([expect.objectContaining(problem)]),
    });
    expect(test.gateway.fleet.all().map(({ id }) => id)).toEqual(["math"]);
    expect(test.transports.get("math")).toHaveLength(1);
    expect(test.levels).toEqual([]);
    expect(test.reloader.lastSuccessful).toBe(false);
    expect(test.bus.of("config.reloaded")).toMatchObject([
      { result: "failure", message: expect.stringContaining("test.yaml") },
    ]);
    await test.gateway.close();
  });

  it("changes nothing when one part cannot prepare", async () => {
    const fails: ReloadPart = async () => {
      throw new Error("server.pem cannot be read");
    };
    const test = setUp(file({ math: server() }), { execution: fails });
    test.text = file({}, { logging: { level: "debug" } });
    expect(await test.reloader.reload("signal")).toMatchObject({
      kind: "rejected",
      problems: [{ key: "", message: "server.pem cannot be read" }],
    });
    expect(test.gateway.fleet.get("math")).toBeDefined();
    expect(test.levels).toEqual([]);
    await test.gateway.close();
  });

  it("is forgotten with the next one that can be used", async () => {
    const good = file({ math: server() });
    const test = setUp(good);
    test.text = "{";
    await test.reloader.reload("file");
    test.text = good;
    expect(await test.reloader.reload("file")).toMatchObject({ kind: "applied" });
    expect(test.reloader.lastSuccessful).toBe(true);
    await test.gateway.close();
  });

  it("is previewed with the same problems, and without a trace", async () => {
    const test = setUp(file({ math: server() }));
    test.text = '{"loging": {}}';
    expect(await test.reloader.preview()).toMatchObject({ kind: "rejected", problems: [{ key: "loging" }] });
    test.text = file({});
    expect(await test.reloader.preview()).toMatchObject({ removed: ["math"] });
    expect(test.gateway.fleet.get("math")).toBeDefined();
    expect(test.bus.of("config.reloaded")).toEqual([]);
    expect(test.reloader.lastSuccessful).toBe(true);
    await test.gateway.close();
  });
});

describe("a configuration that names what is not there", () => {
  const missing = (...path: readonly string[]): ConfigProblem => ({ path, line: 3, message: "gone", elsewhere: true });

  it("is refused as a whole when something that is new or changed is concerned, and only then", async () => {
    const test = setUp(file({ math: server(), stays: server() }));
    const [before] = [test.gateway.fleet.get("math")];
    test.obstacles = [missing("mcp_servers", "math"), missing("mcp_servers", "stays")];
    const changed = file({ math: server({ idle_ttl_s: 9 }), stays: server() }, { execution: { max_concurrency: 7 } });
    test.text = changed;
    const refusal = { kind: "rejected", problems: [{ line: 3, key: "mcp_servers.math", message: "gone" }] };
    expect(await test.reloader.preview()).toMatchObject(refusal);
    expect(await test.reloader.reload("request")).toMatchObject(refusal);
    expect(test.gateway.fleet.get("math")).toBe(before);
    expect(test.reloader.config.execution.max_concurrency).toBe(50);
    test.text = file({ math: server(), stays: server() }, { execution: { max_concurrency: 7 } });
    expect(await test.reloader.reload("request")).toMatchObject({ kind: "applied" });
    await test.gateway.close();
  });

  it("is tried again while its file is watched, is reported once, and comes into force when it can", async () => {
    const test = setUp(file({}));
    test.obstacles = [missing("mcp_servers", "late")];
    test.text = file({ late: server() });
    expect(await test.reloader.reload("file")).toMatchObject({ kind: "rejected" });
    for (let round = 1; round <= 3; round++) {
      test.platform.clock.advance(10_000);
      await expect.poll(() => test.reads).toBe(1 + round);
    }
    expect(test.bus.of("config.reloaded")).toHaveLength(1);
    test.obstacles = [];
    test.platform.clock.advance(10_000);
    await expect.poll(() => test.gateway.fleet.get("late")).toBeDefined();
    expect(test.reloader.lastSuccessful).toBe(true);
    test.platform.clock.advance(60_000);
    expect(test.reads).toBe(5);
    await test.gateway.close();
  });

  it.each([
    ["its file is not watched", { watch: false }, [missing("mcp_servers", "late")]],
    ["the file itself is wrong, too", {}, [missing("mcp_servers", "late"), { path: [], line: 1, message: "wrong" }]],
  ])("is not tried again when %s", async (_name, options, obstacles) => {
    const test = setUp(file({}, { config_reload: options }));
    test.obstacles = obstacles;
    test.text = file({ late: server() }, { config_reload: options });
    await test.reloader.reload("signal");
    test.platform.clock.advance(60_000);
    expect(test.reads).toBe(1);
    await test.reloader.close();
    await test.gateway.close();
  });

  it("is not tried again when the gateway shuts down", async () => {
    const test = setUp(file({}));
    test.obstacles = [missing("mcp_servers", "late")];
    test.text = file({ late: server() });
    await test.reloader.reload("file");
    await test.reloader.close();
    test.platform.clock.advance(60_000);
    expect(test.reads).toBe(1);
    await test.gateway.close();
  });
});

describe("what a part is given", () => {
  it("has everything that needs a restart as it was, so that nothing of it takes effect by half", async () => {
    const hash = `sha256:${"0".repeat(64)}`;
    const auth = { api_keys: { static: [{ name: "me", hash, roles: ["admin"] }] } };
    const given: unknown[] = [];
    const part: ReloadPart = ({ auth: next, http }) => {
      given.push({ keys: next.api_keys?.static.length, port: http.port });
      return () => {};
    };
    const test = setUp(file({}, { auth, http: { port: 1 } }), { "auth.api_keys.static": part });
    // Without the section the way to authenticate would be gone: that is not for a reload.
    test.text = file({}, { http: { port: 2 } });
    expect(await test.reloader.reload("signal")).toMatchObject({
      changes: { needRestart: ["http.port", "auth.api_keys"] },
    });
    expect(given).toEqual([{ keys: 1, port: 1 }]);
    expect(test.reloader.config.auth.api_keys?.static).toHaveLength(1);
    await test.gateway.close();
  });
});

describe("a group", () => {
  const group = (...ids: readonly string[]): object => ({ mode: "group", members: ids.map((id) => ({ id })) });

  it("comes, changes and goes with its members, and answers all the while", async () => {
    const test = setUp(file({ one: server() }));
    const { gateway, reloader } = test;
    const call = (id: string): ReturnType<Gateway["callTool"]> => gateway.callTool({ server: id, tool: "echo" });
    const steps: readonly (readonly [object, string])[] = [
      [{ one: server(), two: server(), both: group("one", "two") }, "both"],
      [{ two: server(), both: group("two") }, "both"],
      [{ two: server({ idle_ttl_s: 9 }), both: group("two") }, "both"],
      // The id of a group becomes that of a server, and the other way round.
      [{ both: server(), two: group("both") }, "two"],
    ];
    for (const [servers, id] of steps) {
      test.text = file(servers);
      expect(await reloader.reload("signal")).toMatchObject({ kind: "applied" });
      expect(await call(id), JSON.stringify(servers)).toMatchObject({ kind: "result" });
    }
    test.text = file({});
    await reloader.reload("signal");
    expect(await call("both")).toMatchObject({ code: "unknown_tool" });
    expect(gateway.fleet.snapshot()).toEqual([]);
    const transports = [...test.transports.values()].flat();
    await expect.poll(() => transports.filter(({ live }) => live > 0)).toEqual([]);
    await gateway.close();
  });

  it("keeps a member from being removed that it still names", async () => {
    const test = setUp(file({ one: server(), both: group("one") }));
    test.text = JSON.stringify({ mcp_servers: { both: group("one") } }, undefined, 1);
    expect(await test.reloader.reload("signal")).toMatchObject({
      kind: "rejected",
      problems: [{ line: expect.any(Number), key: "mcp_servers.both.members[0].id" }],
    });
    expect(await test.gateway.callTool({ server: "both", tool: "echo" })).toMatchObject({ kind: "result" });
    await test.gateway.close();
  });
});

describe("servers that the configuration did not define", () => {
  it("stay, and are left alone when the configuration drops an id that is theirs now", async () => {
    const test = setUp(file({ math: server() }));
    const { fleet } = test.gateway;
    const options = fleet.get("math")?.options;
    if (options === undefined) throw new Error("math is missing");
    fleet.register("mine", options, { origin: "runtime" });
    fleet.register("found", options, { origin: "discovery", source: "labels" });
    await fleet.unregister("math", "requested");
    fleet.register("math", options, { origin: "runtime" });
    test.text = file({});
    await test.reloader.reload("signal");
    expect(fleet.all().map(({ id }) => [id, fleet.originOf(id)])).toEqual([
      ["mine", "runtime"],
      ["found", "discovery"],
      ["math", "runtime"],
    ]);
    await test.gateway.close();
  });

  it("give way to a server of the configuration with the same id", async () => {
    const test = setUp(file({ math: server() }));
    const { fleet } = test.gateway;
    const options = fleet.get("math")?.options;
    if (options === undefined) throw new Error("math is missing");
    fleet.register("found", options, { origin: "discovery", source: "labels" });
    test.text = file({ math: server(), found: server({ tools: { deny: ["*"] } }) });
    await test.reloader.reload("signal");
    expect(fleet.originOf("found")).toBe("config");
    expect(await test.gateway.callTool({ server: "found", tool: "echo" })).toMatchObject({ code: "unknown_tool" });
    await test.gateway.close();
  });

  it("do not keep a changed server of the configuration away that somebody removed", async () => {
    const test = setUp(file({ math: server() }));
    await test.gateway.fleet.unregister("math", "requested");
    test.text = file({ math: server({ idle_ttl_s: 9 }) });
    await test.reloader.reload("signal");
    expect(test.gateway.fleet.get("math")?.options.idle_ttl_s).toBe(9);
    await test.gateway.close();
  });
});

describe("reloads that come together", () => {
  it("run one after the other, and those that wait share one", async () => {
    const running = { now: 0, most: 0 };
    const slow: ReloadPart = async () => {
      running.most = Math.max(running.most, ++running.now);
      await new Promise((resolve) => setImmediate(resolve));
      running.now -= 1;
      return () => {};
    };
    const test = setUp(file({}), { execution: slow });
    const first = test.reloader.reload("signal");
    test.text = file({ math: server() });
    const others = Array.from({ length: 10 }, () => test.reloader.reload("request"));
    expect(await first).toMatchObject({ changes: { added: [] } });
    for (const outcome of await Promise.all(others)) expect(outcome).toMatchObject({ changes: { added: ["math"] } });
    expect(running.most).toBe(1);
    expect(test.reads).toBe(2);
    expect(test.bus.of("config.reloaded")).toHaveLength(2);
    await test.gateway.close();
  });

  it("do not begin any more when the gateway ends", async () => {
    const test = setUp(file({}));
    await test.reloader.close();
    test.text = file({ math: server() });
    expect(await test.reloader.reload("signal")).toMatchObject({ kind: "disabled" });
    expect(test.gateway.fleet.all()).toEqual([]);
    await test.gateway.close();
  });
});

describe("a file that seems to have changed", () => {
  it("is not reloaded when its text is the same, but is when somebody asks", async () => {
    const test = setUp(file({}));
    expect(await test.reloader.reload("file")).toEqual({ kind: "unchanged" });
    expect(test.bus.of("config.reloaded")).toEqual([]);
    expect(await test.reloader.reload("request")).toMatchObject({ kind: "applied" });
    expect(test.bus.of("config.reloaded")).toMatchObject([{ message: "nothing is different" }]);
    await test.gateway.close();
  });

  it("is reported broken once, however often it is looked at", async () => {
    const test = setUp(file({}));
    test.text = "{";
    await test.reloader.reload("file");
    await test.reloader.reload("file");
    expect(test.bus.of("config.reloaded")).toHaveLength(1);
    expect(test.reloader.lastSuccessful).toBe(false);
    await test.gateway.close();
  });
});

describe("reloads that are switched off", () => {
  it("are refused with the way out, also when the switch came with a reload", async () => {
    const test = setUp(file({}));
    test.text = file({}, { config_reload: { enabled: false } });
    expect(await test.reloader.reload("signal")).toMatchObject({ kind: "applied" });
    test.text = file({ math: server() });
    expect(await test.reloader.reload("request")).toMatchObject({
      kind: "disabled",
      message: expect.stringContaining("restart the gateway"),
    });
    expect(test.bus.of("config.reloaded")).toHaveLength(1);
    await test.gateway.close();
  });
});
