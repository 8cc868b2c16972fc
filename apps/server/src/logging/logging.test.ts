import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodePlatform } from "@mcp-hangar/core";
import {
  type CallFinished,
  type CallOutcome,
  callFacts,
  type HangarEvent,
  registeredName,
} from "@mcp-hangar/telemetry";
import { sampleEvent } from "@mcp-hangar/telemetry/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { callLine, callLineJson } from "./call-line.ts";
import { jsonFormat } from "./json-format.ts";
import { QUEUE_CAPACITY } from "./log-queue.ts";
import { createLogging, type LoggingEnvironment } from "./logging.ts";

const NAME = registeredName;
const TRACE = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", sampled: true };

function call(change: Partial<CallFinished> = {}): CallFinished {
  return { ...sampleEvent("call.finished"), group: undefined, batch: undefined, correlation: {}, ...change };
}

let folder: string;
let file: string;
let fd: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-log-"));
  file = join(folder, "stderr");
  fd = openSync(file, "a+");
});
afterEach(() => {
  closeSync(fd);
  rmSync(folder, { recursive: true, force: true });
});

function logging(options: Parameters<typeof createLogging>[0], change: Partial<LoggingEnvironment> = {}) {
  const environment = { clock: nodePlatform.clock, fd, terminal: false, colours: false, ...change };
  const created = createLogging(options, environment);
  return { ...created, close: () => created.close(1_000) };
}

const text = (): string => readFileSync(file, "utf8");
const lines = (): Record<string, unknown>[] =>
  text()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("a JSON line", () => {
  it("has timestamp, level, event, service and the fields", async () => {
    const { logger, close } = logging({ level: "info" });
    logger.warning("disk_low", { path: "/tmp", free_bytes: 12 });
    await close();
    const [line] = lines();
    expect(line).toMatchObject({
      level: "warning",
      event: "disk_low",
      service: "mcp-hangar",
      path: "/tmp",
      free_bytes: 12,
    });
    expect(line?.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it("of a call is the one that users know, with the time of the call", async () => {
    const { listener, close } = logging({ level: "info" });
    listener(call({ trace: TRACE }));
    await close();
    expect(lines()).toEqual([
      {
        timestamp: "2026-01-31T08:00:00.123Z",
        level: "info",
        event: "tool_invoked",
        service: "mcp-hangar",
        mcp_server: "math",
        tool: "add",
        status: "success",
        duration_ms: 12.345,
        caller: "ada",
        origin: "mcp",
        call_id: "call-0",
        trace_id: TRACE.traceId,
        span_id: TRACE.spanId,
      },
    ]);
  });

  const outcomes: readonly (readonly [CallOutcome, Record<string, unknown>])[] = [
    [
      { status: "error", errorType: "connection", message: "gone" },
      { level: "warning", event: "tool_failed", error_type: "connection", message: "gone" },
    ],
    [
      { status: "timeout", errorType: "timeout", message: "slow" },
      { level: "warning", event: "tool_timed_out", error_type: "timeout" },
    ],
    [
      { status: "rejected", reason: "rate_limited", message: "no" },
      { level: "warning", event: "tool_rejected", reason: "rate_limited" },
    ],
    [
      { status: "cancelled", message: "left" },
      { level: "info", event: "tool_cancelled" },
    ],
  ];
  it.each(outcomes)("of the outcome %j says how it ended and why", async (outcome, expected) => {
    const { listener, close } = logging({ level: "info" });
    listener(call({ outcome }));
    await close();
    expect(lines()[0]).toMatchObject({ ...expected, status: outcome.status });
  });

  it("names the group whose member took it", async () => {
    const { listener, close } = logging({ level: "info" });
    listener(call({ requestedServer: "all-maths", group: NAME("all-maths") }));
    listener(call({}));
    await close();
    expect(lines().map(({ mcp_server, group }) => [mcp_server, group])).toEqual([
      ["math", "all-maths"],
      ["math", undefined],
    ]);
  });

  it("holds neither arguments nor results nor secrets in names and messages", async () => {
    const { listener, logger, close } = logging({ level: "debug" });
    const message = "GET https://u:hunter2@host failed, Bearer hunter2hunter2";
    listener(call({ outcome: { status: "error", errorType: "connection", message } }));
    listener(
      call({
        server: undefined,
        requestedServer: "sk-hunter2hunter2hunter2",
        correlation: { sessionId: "Bearer hunter2hunter2" },
      }),
    );
    logger.error("failed", {
      headers: { authorization: "hunter2" },
      error: new Error(message),
      access_token: "hunter2",
    });
    await close();
    expect(lines()).toHaveLength(3);
    expect(text()).not.toContain("hunter2");
  });

  it("cannot be forged or broken by what callers type", async () => {
    const { listener, close } = logging({ level: "info" });
    const requestedTool = '"}\n{"event":"forged"}\u2028\ud800\0';
    listener(call({ tool: undefined, requestedTool, correlation: { userId: "x".repeat(100_000) } }));
    await close();
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toMatchObject({ event: "tool_invoked", tool: requestedTool });
    expect(text().length).toBeLessThan(2_000);
  });

  it("keeps a field under another name when the line has one of that name", async () => {
    const { logger, close } = logging({ level: "info" });
    logger.info("real", { event: "other", level: "x", service: "y" });
    await close();
    expect(lines()[0]).toMatchObject({
      event: "real",
      level: "info",
      field_event: "other",
      field_level: "x",
      field_service: "y",
    });
  });

  it("is the same whether it was built by hand or by the general format", () => {
    const general = jsonFormat();
    const strange = { sessionId: 'quote" back\\slash \n\u0001', userId: "ünïcode 🚀" };
    const events = [
      call({
        trace: TRACE,
        coldStart: true,
        batch: { id: "b1", index: 0, attempt: 1 },
        correlation: strange,
        durationSeconds: 1.2345678,
      }),
      call({ requestedServer: "pool", group: NAME("pool") }),
      ...outcomes.map(([outcome]) => call({ outcome, server: undefined, tool: undefined, requestedTool: "A Tool" })),
    ];
    for (const event of events) {
      const record = callFacts(event);
      expect(JSON.parse(callLineJson(record))).toEqual(JSON.parse(general(callLine(record))));
      expect(callLineJson(record)).toMatch(/^\{.*\}\n$/);
    }
  });
});

describe("every event", () => {
  const base = { timeMs: 0, server: NAME("math"), source: NAME("docker"), durationSeconds: 0.5 };
  const events: readonly (readonly [HangarEvent, string, string])[] = [
    [{ ...base, type: "server.registered", mode: "remote", origin: "config" }, "info", "mcp_server_registered"],
    [{ ...base, type: "server.unregistered" }, "info", "mcp_server_unregistered"],
    [
      { ...base, type: "server.state_changed", from: "cold", to: "ready", cause: "check_failed" },
      "info",
      "mcp_server_state_changed",
    ],
    [
      { ...base, type: "server.state_changed", from: "ready", to: "dead", cause: "check_failed" },
      "error",
      "mcp_server_state_changed",
    ],
    [{ ...base, type: "server.start_finished", result: "success", diagnosis: undefined }, "info", "mcp_server_started"],
    [
      { ...base, type: "server.start_finished", result: "failure", diagnosis: "why" },
      "error",
      "mcp_server_start_failed",
    ],
    [{ ...base, type: "server.stopped", reason: "crashed", message: "why" }, "error", "mcp_server_stopped"],
    [{ ...base, type: "server.tools_listed", tools: [] }, "debug", "mcp_server_tools_listed"],
    [
      { ...base, type: "server.list_faulty", list: "tools", mended: 1, leftOut: 0, shown: [] },
      "warning",
      "mcp_server_list_faulty",
    ],
    [
      { ...base, type: "circuit_breaker.state_changed", from: "closed", to: "open" },
      "warning",
      "circuit_breaker_state_changed",
    ],
    [
      { ...base, type: "upstream_request.finished", method: "POST", status: "200" },
      "debug",
      "upstream_request_finished",
    ],
    [
      { ...base, type: "health_check.finished", result: "unhealthy", consecutiveFailures: 1, message: "x" },
      "warning",
      "health_check_finished",
    ],
    [
      { ...base, type: "health_check.finished", result: "healthy", consecutiveFailures: 0, message: undefined },
      "debug",
      "health_check_finished",
    ],
    [{ ...base, type: "idle_sweep.finished", collected: { idle: 0, expired: 0 } }, "debug", "idle_sweep_finished"],
    [{ ...base, type: "idle_sweep.finished", collected: { idle: 1, expired: 0 } }, "info", "idle_sweep_finished"],
    [
      { ...base, type: "discovery.cycle_finished", registered: 0, deregistered: 0, error: "x", problems: [] },
      "warning",
      "discovery_cycle_finished",
    ],
    [
      { ...base, type: "authentication.failed", door: "rest", reason: "unknown_api_key", remoteAddress: undefined },
      "warning",
      "authentication_failed",
    ],
    [
      { ...base, type: "config.reloaded", result: "failure", trigger: "file", caller: undefined, message: "x" },
      "error",
      "config_reloaded",
    ],
    [{ ...base, type: "gateway.started", version: "1" }, "info", "gateway_started"],
    [{ ...base, type: "gateway.stopped", uptimeSeconds: 1 }, "info", "gateway_stopped"],
  ];
  it.each(events)("%j becomes a line of level %s: %s", async (event, level, name) => {
    const { listener, close } = logging({ level: "debug" });
    listener(event);
    await close();
    expect(lines()).toMatchObject([{ level, event: name, timestamp: "1970-01-01T00:00:00.000Z" }]);
  });
});

describe("the level of the log", () => {
  it("can change while the process runs, for events and lines alike", async () => {
    const { logger, listener, setLevel, close } = logging({ level: "warning" });
    logger.info("no");
    listener({ type: "gateway.started", timeMs: 0, version: "1" });
    setLevel("info");
    logger.info("yes");
    listener({ type: "gateway.started", timeMs: 0, version: "1" });
    listener(call());
    setLevel("error");
    logger.warning("no");
    listener(call());
    await close();
    expect(lines().map(({ event }) => event)).toEqual(["yes", "gateway_started", "tool_invoked"]);
  });
});

describe("a log file", () => {
  it("is written anew after it was moved away, and no line is lost", async () => {
    const path = join(folder, "hangar.log");
    const { logger, reopen, snapshot, close } = logging({ level: "info", file: path });
    for (let round = 0; round < 5; round++) {
      for (let index = 0; index < 400; index++) logger.info("line", { round, index });
      // Sometimes in the middle of a write, sometimes between two.
      if (round % 2 === 1) await new Promise((resolve) => setTimeout(resolve, 15));
      renameSync(path, `${path}.${round}`);
      reopen();
    }
    logger.info("last");
    await close();
    const written = [...Array(5).keys()].map((round) => `${path}.${round}`).concat(path);
    const found = written.flatMap((name) =>
      readFileSync(name, "utf8")
        .split("\n")
        .filter((line) => line !== ""),
    );
    expect(found).toHaveLength(2_001);
    for (const line of found) JSON.parse(line);
    expect(readFileSync(path, "utf8")).toContain('"event":"last"');
    expect(snapshot()).toMatchObject({ delivered: 2_001, failures: { io: 0 } });
  });

  it("leaves no descriptor behind, however often it is opened anew", async () => {
    const { reopen, close } = logging({ level: "info", file: join(folder, "hangar.log") });
    const before = readdirSync("/proc/self/fd").length;
    for (let round = 0; round < 20; round++) reopen();
    await expect.poll(() => readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
    await close();
  });

  it("is kept when it cannot be opened anew, which is said", async () => {
    const path = join(folder, "logs", "hangar.log");
    mkdirSync(join(folder, "logs"));
    const { logger, reopen, close } = logging({ level: "info", file: path });
    renameSync(join(folder, "logs"), join(folder, "moved"));
    expect(() => reopen()).toThrow("cannot be opened");
    logger.info("still written");
    await close();
    expect(readFileSync(join(folder, "moved", "hangar.log"), "utf8")).toContain("still written");
  });
});

describe("the log", () => {
  it("writes no line below its level", async () => {
    const { logger, listener, close } = logging({ level: "warning" });
    logger.info("no");
    listener(call());
    listener({ type: "gateway.started", timeMs: 0, version: "1" });
    logger.error("yes");
    await close();
    expect(lines().map(({ event }) => event)).toEqual(["yes"]);
  });

  it("is healthy until lines wait without end or cannot be written any more", async () => {
    const { logger, health, close } = logging({ level: "info" });
    expect(health()).toEqual({ status: "healthy" });
    for (let line = 0; line < QUEUE_CAPACITY; line++) logger.info("line");
    expect(health()).toMatchObject({ status: "degraded", message: expect.stringMatching(/queue is full \(16384\)/) });
    await close();
    expect(health()).toEqual({ status: "healthy" });
    // No process has this many files open.
    const gone = logging({ level: "info" }, { fd: 2 ** 30 });
    gone.logger.info("line");
    await gone.close();
    expect(gone.health()).toEqual({ status: "degraded", message: "1 lines could not be written: stderr is closed" });
  });

  it("keeps the order of events and lines", async () => {
    const { logger, listener, close } = logging({ level: "info" });
    for (let index = 0; index < 1_000; index++) {
      if (index % 2 === 0) logger.info("line", { index });
      else listener(call({ callId: String(index) }));
    }
    await close();
    expect(lines().map((line) => Number(line.index ?? line.call_id))).toEqual(
      Array.from({ length: 1_000 }, (_each, index) => index),
    );
  });

  it("writes JSON lines to the file too, readable by its owner only", async () => {
    const path = join(folder, "hangar.log");
    const { logger, close } = logging({ level: "info", file: path, json_format: false });
    logger.info("started", { port: 1 });
    await close();
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ event: "started", port: 1 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(text()).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {5}started port=1\n$/);
  });

  it("refuses a file that cannot be opened instead of going without", () => {
    expect(() => logging({ level: "info", file: join(folder, "none", "x.log") })).toThrow(
      /logging\.file: .*cannot be opened/,
    );
  });

  it("is for people on a terminal unless the configuration says otherwise", async () => {
    const human = logging({ level: "info" }, { terminal: true });
    human.logger.info("hello", { text: "two words", bidi: "\u202e\u001b[31m" });
    await human.close();
    expect(text()).toMatch(/ info {5}hello text="two words" bidi="\\\\?u202e\\\\?u001b\[31m"\n$/);
    const json = logging({ level: "info", json_format: true }, { terminal: true });
    json.logger.info("hello");
    await json.close();
    expect(text().split("\n").at(-2)).toMatch(/^\{/);
  });

  it("writes what waits at once when the process is about to end", () => {
    const { logger, flushNow, snapshot } = logging({ level: "info" });
    logger.critical("last_words");
    expect(text()).toBe("");
    flushNow();
    expect(lines()[0]).toMatchObject({ event: "last_words", level: "critical" });
    expect(snapshot()).toMatchObject({ delivered: 1, queueSize: 0 });
  });
});
