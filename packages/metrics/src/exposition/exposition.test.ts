import { setImmediate as turn } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import {
  catalog,
  type HangarEvent,
  LIBRARY_CLIENT,
  type MetricDefinition,
  registeredName,
} from "@mcp-hangar/telemetry";
import { describe, expect, test } from "vitest";
import { callFinished, gatewaySnapshot, operationFinished, requestFinished, serverSnapshot } from "../../test/fleet.ts";
import { parseOpenMetrics } from "../../test/open-metrics.ts";
import { checkMetrics } from "../../test/promtool.ts";
import { OPEN_METRICS, type TestGateway, testGateway } from "../../test/scrape.ts";
import { CONTENT_TYPES } from "./format.ts";

const HOSTILE_NAMES = [
  'quo"te',
  "back\\slash",
  "line\nbreak",
  "carriage\rreturn",
  'all\\"\n',
  "} 1\n# EOF\n",
  '",status="success"} 99\nforged_total{x="',
  "grüße",
  "工具",
  "🚀",
  "\u202eright to left",
  "\u0000\u0007\u007f",
  "\ud800",
  "__proto__",
  "constructor",
  " ",
  "a,tool:b",
  "x".repeat(10_000),
];

/** A gateway in which everything has happened that an event can tell of. */
function busyGateway(tools: readonly string[]): TestGateway {
  const server = registeredName("math");
  const source = registeredName("docker");
  const remote = { mode: "remote", httpConnections: 1, proxy: "proxy.test:3128" } as const;
  const ownSessions = { open: { in_use: 1, idle: 2 }, max: 20, refused: 1 };
  const gateway = testGateway([], { runtimeMetrics: true });
  gateway.snapshot = gatewaySnapshot(
    [serverSnapshot("math", tools, { ...remote, toolDefinitionBytes: 4_000, ownSessions })],
    {
      discovery: [{ source, servers: 1, healthy: true }],
      listeners: [{ listener: registeredName("metrics"), errors: 0 }],
      exporters: [
        {
          exporter: registeredName("log"),
          signal: "log",
          delivered: 5,
          dropped: { queue_full: 1 },
          failures: {},
          queueSize: 2,
          queueCapacity: 10,
          lastSuccessSeconds: undefined,
        },
      ],
    },
  );
  const timeMs = 0;
  const nobody = { caller: undefined, remoteAddress: undefined };
  const events: readonly HangarEvent[] = [
    { type: "server.registered", timeMs, server, mode: "remote", origin: "config" },
    { type: "server.tools_listed", timeMs, server, tools: tools.map(registeredName) },
    { type: "server.list_faulty", timeMs, server, list: "tools", mended: 1, leftOut: 2, shown: [] },
    { type: "server.tools_changed", timeMs, server, changes: [], total: { added: 0, removed: 0, changed: 1 } },
    { type: "access.denied", timeMs, door: "mcp", reason: "permission", permission: "tools:call", ...nobody },
    requestFinished("math"),
    operationFinished(),
    { type: "server.start_finished", timeMs, server, result: "success", durationSeconds: 1, diagnosis: undefined },
    { type: "server.stopped", timeMs, server, reason: "idle", message: undefined },
    {
      type: "health_check.finished",
      timeMs,
      server,
      result: "healthy",
      durationSeconds: 0.1,
      consecutiveFailures: 0,
      message: undefined,
    },
    { type: "upstream_request.finished", timeMs, server, method: "POST", status: "200", durationSeconds: 0.1 },
    {
      type: "discovery.cycle_finished",
      timeMs,
      source,
      durationSeconds: 1,
      registered: 1,
      deregistered: 0,
      error: "",
      problems: [],
    },
    { type: "idle_sweep.finished", timeMs, durationSeconds: 0.1, collected: { idle: 1, expired: 0 } },
    { type: "config.reloaded", timeMs, result: "success", trigger: "file", caller: undefined, message: undefined },
    {
      type: "batch.finished",
      timeMs,
      batchId: "b",
      result: "partial",
      size: 2,
      durationSeconds: 1,
      items: { success: 1, error: 1, timeout: 0, rejected: 0, cancelled: 0 },
      cancellation: "client",
    },
    {
      type: "task.finished",
      timeMs,
      taskId: "t",
      callId: "c",
      server,
      tool: registeredName("add"),
      outcome: { status: "success", resultType: "complete" },
      durationSeconds: 1,
      caller: { type: "local", id: registeredName("local"), roles: [], credential: "local" },
      client: LIBRARY_CLIENT,
      trace: undefined,
      group: undefined,
      rpcErrorCode: undefined,
    },
    ...tools.map((tool) =>
      callFinished("math", tool, {
        batch: { id: "b", index: 0, attempt: 1 },
        usage: { cost: 0.5, currency: "EUR", inputTokens: 7 },
        outcome: { status: "error", errorType: "circuit_open", message: "" },
        trace: { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", sampled: true },
      }),
    ),
    callFinished("math", "add", { outcome: { status: "rejected", reason: "rate_limited", message: "" } }),
  ];
  gateway.emit(...events);
  return gateway;
}

describe("a scrape after everything has happened", () => {
  test("has every metric of the catalog with exactly its declared labels", async () => {
    const { families } = await busyGateway(["add"]).scrape();
    for (const definition of Object.values<MetricDefinition>(catalog)) {
      const family = families.get(definition.name.replace(/_total$/, ""));
      expect(family?.type, definition.name).toBe(definition.type);
      expect(family?.samples.length, definition.name).toBeGreaterThan(0);
      for (const { labels } of family?.samples ?? []) {
        const { le: _le, ...declared } = labels;
        expect(Object.keys(declared), definition.name).toEqual(Object.keys(definition.labels));
      }
    }
  });

  test("changed every metric that an event is told to change", async () => {
    const { families } = await busyGateway(["add"]).scrape();
    const untouched = Object.values<MetricDefinition>(catalog)
      .filter((definition) => definition.type !== "gauge" && definition.on !== undefined)
      .filter(({ name }) => families.get(name.replace(/_total$/, ""))?.samples.every(({ value }) => value === 0))
      .map(({ name }) => name);
    expect(untouched).toEqual(["mcp_hangar_discovery_deregistrations_total"]);
  });

  test("satisfies promtool", { tags: ["promtool"] }, async () => {
    const gateway = busyGateway(["add", ...HOSTILE_NAMES]);
    const { body } = await gateway.metrics.render();
    expect(checkMetrics(body)).toEqual({ exitCode: 0, complaints: "" });
    gateway.metrics.close();
  });
});

describe("hostile names", () => {
  test("reach the reader of either format as they are, and forge nothing", async () => {
    const tools = HOSTILE_NAMES.filter((name) => name.length < 256 && name.isWellFormed() && name !== "a,tool:b");
    const gateway = testGateway([serverSnapshot("math", HOSTILE_NAMES)]);
    for (const tool of HOSTILE_NAMES) gateway.emit(callFinished("math", tool));
    const scrape = await gateway.scrape();
    for (const tool of tools) expect(scrape.value("mcp_hangar_tool_calls_total", { tool, status: "success" })).toBe(1);
    expect(scrape.families.has("forged")).toBe(false);
    // The three that cannot be written as they are: two folded, one with its lone surrogate replaced.
    expect(scrape.value("mcp_hangar_tool_calls_total", { mcp_server: "math", tool: "_other", status: "success" })).toBe(
      2,
    );
    expect(scrape.value("mcp_hangar_tool_calls_total", { tool: "\ufffd", status: "success" })).toBe(1);
  });

  test("of servers are escaped and removed like any other", async () => {
    const gateway = testGateway(HOSTILE_NAMES.map((name) => serverSnapshot(name, ["add"])));
    for (const name of HOSTILE_NAMES) gateway.emit(callFinished(name, "add"));
    expect((await gateway.scrape()).count("mcp_hangar_tool_calls_total", { tool: "add", status: "success" })).toBe(
      HOSTILE_NAMES.length - 2 + 1,
    );
    gateway.snapshot = gatewaySnapshot();
    const scrape = await gateway.scrape();
    expect(scrape.count("mcp_hangar_tool_calls_total")).toBe(
      scrape.count("mcp_hangar_tool_calls_total", { mcp_server: "_other" }),
    );
  });
});

describe("the two formats", () => {
  test("are announced by their content types", async () => {
    const { metrics } = testGateway();
    expect((await metrics.render()).contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect((await metrics.render(OPEN_METRICS)).contentType).toBe(
      "application/openmetrics-text; version=1.0.0; charset=utf-8",
    );
  });

  test("do not disturb each other when several scrapes run at once", async () => {
    const tools = Array.from({ length: 50 }, (_, index) => `tool-${index}`);
    const servers = Array.from({ length: 4 }, (_, index) => serverSnapshot(`server-${index}`, tools));
    const gateway = testGateway(servers, { yieldTurn: () => turn() });
    for (const tool of tools) gateway.emit(callFinished("server-1", tool));
    const whatIsWritten = async (accept?: string) => {
      const { contentType, body } = await gateway.metrics.render(accept);
      return { contentType, body };
    };
    const [text, openMetrics] = [await whatIsWritten(), await whatIsWritten(OPEN_METRICS)];
    const accepts = ["text/plain", OPEN_METRICS, undefined, OPEN_METRICS, "text/plain"];
    const scrapes = await Promise.all(accepts.map(whatIsWritten));
    for (const scrape of scrapes) {
      expect(scrape).toEqual(scrape.contentType === CONTENT_TYPES.text ? text : openMetrics);
    }
  });

  test("stay valid when series come and go while a scrape is being rendered", async () => {
    const tools = Array.from({ length: 100 }, (_, index) => `tool-${index}`);
    let turns = 0;
    const gateway: TestGateway = testGateway([serverSnapshot("a", tools), serverSnapshot("b", tools)], {
      yieldTurn: async () => {
        turns += 1;
        gateway.emit({ type: "server.unregistered", timeMs: 0, server: registeredName("a") });
        gateway.emit({
          type: "server.registered",
          timeMs: 0,
          server: registeredName(`c${turns}`),
          mode: "remote",
          origin: "config",
        });
        for (const tool of tools) gateway.emit(callFinished(`c${turns}`, tool), callFinished("b", tool));
        await turn();
      },
    });
    for (const tool of tools) gateway.emit(callFinished("a", tool), callFinished("b", tool));
    const { body } = await gateway.metrics.render(OPEN_METRICS);
    expect(turns).toBeGreaterThan(2);
    expect(() => parseOpenMetrics(String(body))).not.toThrow();
  });

  test.each([0, 3, 400])("are the same compressed, also beside scrapes that are not (%i tools)", async (count) => {
    const tools = Array.from({ length: count }, (_, index) => `工具-${index}`);
    const gateway = testGateway([serverSnapshot("a", tools)], { yieldTurn: () => turn() });
    for (const tool of tools) gateway.emit(callFinished("a", tool));
    const [plain, compressed, again] = await Promise.all(
      [false, true, false].map((gzip) => gateway.metrics.render({ accept: OPEN_METRICS, gzip })),
    );
    expect(gunzipSync(compressed?.body ?? "")).toEqual(plain?.body);
    expect(again?.body).toEqual(plain?.body);
    expect(parseOpenMetrics(String(plain?.body)).size).toBeGreaterThan(10);
  });

  test("come in one go when nobody offers a turn", async () => {
    const tools = Array.from({ length: 200 }, (_, index) => `tool-${index}`);
    const gateway = testGateway([serverSnapshot("a", tools)]);
    for (const tool of tools) gateway.emit(callFinished("a", tool));
    const { body } = await gateway.metrics.render(OPEN_METRICS);
    expect(body.length).toBeGreaterThan(200_000);
    expect(() => parseOpenMetrics(String(body))).not.toThrow();
  });
});
