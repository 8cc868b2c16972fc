import { type CallOutcome, type HangarEvent, registeredName } from "@mcp-hangar/telemetry";
import { Counter, Histogram, register, Summary } from "prom-client";
import { describe, expect, test } from "vitest";
import { callFinished, gatewaySnapshot, operationFinished, requestFinished, serverSnapshot } from "../test/fleet.ts";
import { parseOpenMetrics } from "../test/open-metrics.ts";
import { OPEN_METRICS, testGateway } from "../test/scrape.ts";

const CALLS = "mcp_hangar_tool_calls_total";
const DURATION = "mcp_hangar_tool_call_duration_seconds";
const ERRORS = "mcp_hangar_tool_call_errors_total";
const REJECTIONS = "mcp_hangar_tool_call_rejections_total";
const RATE_LIMIT_HITS = "mcp_hangar_rate_limit_hits_total";

const math = registeredName("math");
const registered: HangarEvent = {
  type: "server.registered",
  timeMs: 0,
  server: math,
  mode: "subprocess",
  origin: "config",
};
const unregistered: HangarEvent = { type: "server.unregistered", timeMs: 0, server: math };

describe("one observation a fact", () => {
  const message = "";
  test.each<[string, CallOutcome, { errors?: string; rejections?: string; timed: boolean }]>([
    ["a success", { status: "success", resultType: "complete" }, { timed: true }],
    ["an error", { status: "error", errorType: "tool_error", message }, { errors: "tool_error", timed: true }],
    ["a timeout", { status: "timeout", errorType: "timeout", message }, { errors: "timeout", timed: true }],
    [
      "a rejection",
      { status: "rejected", reason: "access_denied", message },
      { rejections: "access_denied", timed: false },
    ],
    ["a cancellation", { status: "cancelled", message }, { timed: true }],
  ])("%s is counted once in each metric that it concerns, and in no other", async (_what, outcome, expected) => {
    const gateway = testGateway([serverSnapshot("math", ["add"])]);
    gateway.emit(callFinished("math", "add", { outcome, durationSeconds: 2 }));
    const { families } = await gateway.scrape();
    const changed = [...families.values()]
      .flatMap(({ samples }) => samples)
      .filter(({ name, value }) => value !== 0 && /tool_call|rate_limit/.test(name) && !name.endsWith("_bucket"))
      .map(({ name, labels, value }) => [name, labels, value]);
    const names = { mcp_server: "math", tool: "add" };
    expect(changed).toEqual([
      [CALLS, { ...names, status: outcome.status }, 1],
      ...(expected.timed ? [[`${DURATION}_sum`, names, 2]] : []),
      ...(expected.timed ? [[`${DURATION}_count`, names, 1]] : []),
      ...(expected.errors ? [[ERRORS, { ...names, error_type: expected.errors }, 1]] : []),
      ...(expected.rejections ? [[REJECTIONS, { mcp_server: "math", reason: expected.rejections }, 1]] : []),
    ]);
  });

  test("what the rate limit refuses counts for its principal too: calls, other requests and operations", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add"])]);
    const rejected = { status: "rejected", message } as const;
    for (const reason of ["rate_limited", "invalid_request"] as const) {
      const outcome = { ...rejected, reason };
      gateway.emit(callFinished("math", "add", { outcome }));
      gateway.emit(requestFinished("math", { outcome }));
      gateway.emit(operationFinished({ outcome: reason }));
    }
    const scrape = await gateway.scrape();
    expect(scrape.value(RATE_LIMIT_HITS, { principal: "alice" })).toBe(3);
    expect(scrape.value(REJECTIONS, { mcp_server: "math", reason: "rate_limited" })).toBe(1);
  });

  test("a thousand calls are a thousand, over all series", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add", "sub"])]);
    for (let call = 0; call < 1_000; call++) gateway.emit(callFinished("math", call % 3 === 0 ? "add" : "sub"));
    const scrape = await gateway.scrape();
    expect(scrape.value(CALLS, { tool: "add", status: "success" })).toBe(334);
    expect(scrape.value(CALLS, { tool: "sub", status: "success" })).toBe(666);
    expect(scrape.value(`${DURATION}_bucket`, { tool: "sub", le: "0.005" })).toBe(666);
    expect(scrape.value(`${DURATION}_bucket`, { tool: "sub", le: "0.0025" })).toBe(0);
  });

  test("a metric that cannot take an observation does not keep the others from counting it", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add"])]);
    const outcome: CallOutcome = { status: "error", errorType: "internal", message };
    gateway.emit(callFinished("math", "add", { outcome, durationSeconds: Number.NaN }));
    const scrape = await gateway.scrape();
    expect(scrape.value(CALLS, { tool: "add", status: "error" })).toBe(1);
    expect(scrape.value(ERRORS, { tool: "add", error_type: "internal" })).toBe(1);
    expect(gateway.bus.listeners()).toEqual([{ listener: "metrics", errors: 1 }]);
  });

  test("what a caller typed never becomes a label", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add"])]);
    gateway.emit(
      callFinished(undefined, undefined, { outcome: { status: "rejected", reason: "unknown_tool", message } }),
      callFinished("math", undefined, { outcome: { status: "rejected", reason: "unknown_tool", message } }),
    );
    const scrape = await gateway.scrape();
    expect(scrape.value(CALLS, { mcp_server: "_other", tool: "_other", status: "rejected" })).toBe(1);
    expect(scrape.value(CALLS, { mcp_server: "math", tool: "_other", status: "rejected" })).toBe(1);
    expect(String((await gateway.metrics.render()).body)).not.toContain("typed by the caller");
  });
});

describe("requests other than tool calls", () => {
  const REQUESTS = "mcp_hangar_requests_total";
  const REQUEST_DURATION = "mcp_hangar_request_duration_seconds";
  const message = "";

  test.each<[string, CallOutcome]>([
    ["a success", { status: "success", resultType: "complete" }],
    ["an error", { status: "error", errorType: "upstream_error", message }],
    ["a timeout", { status: "timeout", errorType: "timeout", message }],
    ["a rejection", { status: "rejected", reason: "rate_limited", message }],
    ["a cancellation", { status: "cancelled", message }],
  ])("%s is counted and timed once, under its method and outcome", async (_what, outcome) => {
    const gateway = testGateway([serverSnapshot("math")]);
    gateway.emit(requestFinished("math", { outcome, durationSeconds: 2 }));
    const scrape = await gateway.scrape();
    const labels = { mcp_server: "math", method: "resources/read", status: outcome.status };
    expect(scrape.value(REQUESTS, labels)).toBe(1);
    expect(scrape.value(`${REQUEST_DURATION}_sum`, labels)).toBe(2);
    expect(scrape.count(REQUESTS)).toBe(1);
    expect(scrape.count(`${REQUEST_DURATION}_count`)).toBe(1);
    expect(scrape.value(CALLS, { mcp_server: "math", status: outcome.status })).toBe(0);
  });

  test("have an empty server where they are for none alone, and _other where it is gone", async () => {
    const gateway = testGateway([serverSnapshot("math")]);
    gateway.emit(requestFinished(undefined, { method: "tools/list" }), requestFinished("gone"));
    const scrape = await gateway.scrape();
    expect(scrape.value(REQUESTS, { mcp_server: "", method: "tools/list", status: "success" })).toBe(1);
    expect(scrape.value(REQUESTS, { mcp_server: "_other", method: "resources/read", status: "success" })).toBe(1);
  });

  test("leave no line of a server that nobody asks for anything", async () => {
    const scrape = await testGateway([serverSnapshot("math")]).scrape();
    expect([scrape.count(REQUESTS), scrape.count(`${REQUEST_DURATION}_count`)]).toEqual([0, 0]);
  });

  test("cannot grow beyond the limit of their histograms, which are the largest of all", async () => {
    const servers = Array.from({ length: 60 }, (_, at) => `s${at}`);
    const gateway = testGateway(
      servers.map((id) => serverSnapshot(id)),
      { seriesLimits: { requestDuration: 50 } },
    );
    for (const server of servers) gateway.emit(requestFinished(server));
    const scrape = await gateway.scrape();
    expect(scrape.value(`${REQUEST_DURATION}_count`, { mcp_server: "_other" })).toBe(10);
    expect(scrape.count(`${REQUEST_DURATION}_count`)).toBe(51);
  });
});

describe("requests that are not let in", () => {
  const DENIALS = "mcp_hangar_access_denials_total";
  const denied = { type: "access.denied", timeMs: 0, permission: undefined, caller: undefined } as const;
  const failed = { type: "authentication.failed", timeMs: 0, remoteAddress: undefined } as const;

  test.each<[HangarEvent, string, string]>([
    [{ ...denied, door: "mcp", reason: "not_reached", remoteAddress: undefined }, "mcp", "not_reached"],
    [{ ...denied, door: "metrics", reason: "host", remoteAddress: undefined }, "metrics", "host"],
    [{ ...failed, door: "rest", reason: "expired_token" }, "rest", "expired_token"],
    [{ ...failed, door: "other", reason: "locked_out" }, "other", "locked_out"],
    [operationFinished({ outcome: "forbidden" }), "rest", "permission"],
    [operationFinished({ effect: "read", outcome: "forbidden" }), "rest", "permission"],
  ])("are counted once, by interface and reason", async (event, door, reason) => {
    const gateway = testGateway();
    expect((await gateway.scrape()).value(DENIALS, { interface: door, reason })).toBe(0);
    gateway.emit(event);
    const { families } = await gateway.scrape();
    const counted = families.get(DENIALS.replace("_total", ""))?.samples.filter(({ value }) => value > 0);
    expect(counted).toMatchObject([{ labels: { interface: door, reason }, value: 1 }]);
  });

  test("are no failures of operations, nor what is no HTTP answer", async () => {
    const gateway = testGateway();
    gateway.emit(
      operationFinished({ outcome: "unknown_server" }),
      operationFinished({ door: "mcp", outcome: "forbidden" }),
    );
    const { families } = await gateway.scrape();
    expect(families.get(DENIALS.replace("_total", ""))?.samples.every(({ value }) => value === 0)).toBe(true);
  });
});

describe("operations of the management", () => {
  test("are counted by name and result, and those that only read are not", async () => {
    const gateway = testGateway();
    gateway.emit(
      operationFinished(),
      operationFinished({ effect: "destroy", operation: registeredName("revokeKey") }),
      operationFinished({ outcome: "unknown_server" }),
      operationFinished({ effect: "read", operation: registeredName("listServers") }),
    );
    const scrape = await gateway.scrape();
    const name = "mcp_hangar_operations_total";
    expect(scrape.value(name, { operation: "stopServer", result: "success" })).toBe(1);
    expect(scrape.value(name, { operation: "stopServer", result: "failure" })).toBe(1);
    expect(scrape.value(name, { operation: "revokeKey", result: "success" })).toBe(1);
    expect(scrape.count(name)).toBe(3);
  });
});

describe("definitions of tools", () => {
  test("that changed are counted by the kind of change, and there with 0 before", async () => {
    const gateway = testGateway([serverSnapshot("math"), serverSnapshot("all", [], { mode: "group" })]);
    const name = "mcp_hangar_tool_definitions_changed_total";
    const idle = await gateway.scrape();
    expect([
      idle.value(name, { mcp_server: "math", change: "changed" }),
      idle.count(name, { mcp_server: "all" }),
    ]).toEqual([0, 0]);
    const total = { added: 2, removed: 0, changed: 5 };
    gateway.emit({ type: "server.tools_changed", timeMs: 0, server: math, changes: [], total });
    const scrape = await gateway.scrape();
    for (const [change, value] of Object.entries(total)) {
      expect(scrape.value(name, { mcp_server: "math", change })).toBe(value);
    }
  });

  test("and bytes that were sent and received are read off the servers that have them", async () => {
    const gateway = testGateway([
      serverSnapshot("math", [], { toolDefinitionBytes: 0, transferBytes: { sent: 3, received: 40 } }),
      serverSnapshot("cold"),
      serverSnapshot("all", [], { mode: "group", toolDefinitionBytes: 12, transferBytes: undefined }),
    ]);
    const scrape = await gateway.scrape();
    const [definitions, transfer] = ["mcp_hangar_tool_definition_bytes", "mcp_hangar_transfer_bytes_total"];
    expect(scrape.value(definitions, { mcp_server: "math" })).toBe(0);
    expect(scrape.value(definitions, { mcp_server: "all" })).toBe(12);
    expect(scrape.count(definitions)).toBe(2);
    expect(scrape.value(transfer, { mcp_server: "math", direction: "received" })).toBe(40);
    expect(scrape.value(transfer, { mcp_server: "math", direction: "sent" })).toBe(3);
    expect(scrape.count(transfer, { mcp_server: "all" })).toBe(0);
  });
});

describe("pre-initialised series", () => {
  test("exist with 0 for the servers known at the start, and for a tool from its first call", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add", "sub"])]);
    const idle = await gateway.scrape();
    expect(idle.count(CALLS, { tool: "add" })).toBe(0);
    expect(idle.count(`${DURATION}_count`, { tool: "add" })).toBe(0);
    gateway.emit(
      callFinished("math", "add", { outcome: { status: "rejected", reason: "access_denied", message: "" } }),
    );
    const scrape = await gateway.scrape();
    expect(scrape.value(CALLS, { mcp_server: "math", tool: "add", status: "rejected" })).toBe(1);
    expect(scrape.count(CALLS, { tool: "sub" })).toBe(0);
    for (const status of ["success", "error", "timeout", "cancelled"]) {
      expect(scrape.value(CALLS, { mcp_server: "math", tool: "add", status })).toBe(0);
    }
    expect(scrape.value(ERRORS, { mcp_server: "math", tool: "add", error_type: "start_failed" })).toBe(0);
    expect(scrape.value(`${DURATION}_count`, { mcp_server: "math", tool: "add" })).toBe(0);
    expect(scrape.value("mcp_hangar_mcp_server_starts_total", { mcp_server: "math", result: "failure" })).toBe(0);
    expect(scrape.value("mcp_hangar_gc_servers_collected_total", { reason: "idle" })).toBe(0);
    expect(scrape.value("mcp_hangar_gc_cycles_total")).toBe(0);
  });

  test("exist for requests over HTTP only of servers that are reached so", async () => {
    const remote = serverSnapshot("far", [], { mode: "remote", httpConnections: 0 });
    const scrape = await testGateway([serverSnapshot("math"), remote]).scrape();
    const name = "mcp_hangar_http_requests_total";
    expect(scrape.value(name, { mcp_server: "far", method: "POST", status: "error" })).toBe(0);
    expect(scrape.count(name, { mcp_server: "math" })).toBe(0);
    expect(scrape.count("mcp_hangar_http_request_duration_seconds_count", { mcp_server: "math" })).toBe(0);
  });

  test("exist for calls that resolve to no tool, as those of a server that never started", async () => {
    const scrape = await testGateway([serverSnapshot("math")]).scrape();
    expect(scrape.value(ERRORS, { mcp_server: "math", tool: "_other", error_type: "start_failed" })).toBe(0);
    expect(scrape.value(REJECTIONS, { mcp_server: "_other", reason: "unknown_tool" })).toBe(0);
    expect(scrape.value(RATE_LIMIT_HITS, { principal: "_other" })).toBe(0);
  });

  test("appear as soon as a server is registered", async () => {
    const gateway = testGateway();
    gateway.emit(registered);
    gateway.snapshot = gatewaySnapshot([serverSnapshot("math")]);
    expect((await gateway.scrape()).value("mcp_hangar_health_checks_total", { result: "unhealthy" })).toBe(0);
  });

  test("appear at the next scrape when the events were missed", async () => {
    const gateway = testGateway();
    gateway.snapshot = gatewaySnapshot([serverSnapshot("math", ["add"])]);
    expect((await gateway.scrape()).value(CALLS, { mcp_server: "math", tool: "_other", status: "error" })).toBe(0);
  });

  test("appear for the discovery sources that the snapshot names", async () => {
    const gateway = testGateway();
    const name = "mcp_hangar_discovery_errors_total";
    expect((await gateway.scrape()).value(name, { source: "docker" })).toBeUndefined();
    const source = registeredName("docker");
    gateway.snapshot = gatewaySnapshot([], { discovery: [{ source, servers: 0, healthy: true }] });
    expect((await gateway.scrape()).value(name, { source: "docker" })).toBe(0);
    const counts = { registered: 0, deregistered: 0, error: "refused", problems: [] };
    gateway.emit({ type: "discovery.cycle_finished", timeMs: 0, source, durationSeconds: 1, ...counts });
    expect((await gateway.scrape()).value(name, { source: "docker" })).toBe(1);
    gateway.snapshot = gatewaySnapshot([]);
    expect((await gateway.scrape()).value(name, { source: "docker" })).toBeUndefined();
  });

  test("do not reset what was counted when a name is announced again", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add"])]);
    gateway.emit(callFinished("math", "add"));
    gateway.emit(registered, {
      type: "server.tools_listed",
      timeMs: 0,
      server: math,
      tools: [registeredName("add"), registeredName("sub")],
    });
    const scrape = await gateway.scrape();
    expect(scrape.value(CALLS, { tool: "add", status: "success" })).toBe(1);
    expect(scrape.value(`${DURATION}_count`, { tool: "add" })).toBe(1);
  });
});

describe("series of a removed server", () => {
  test("disappear with the event, whatever the metric", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add"]), serverSnapshot("files", ["read"])]);
    gateway.emit(callFinished("math", "add"), callFinished("files", "read"), unregistered);
    gateway.snapshot = gatewaySnapshot([serverSnapshot("files", ["read"])]);
    const text = String((await gateway.metrics.render()).body);
    expect(text).not.toContain('"math"');
    expect((await gateway.scrape()).value(CALLS, { mcp_server: "files", tool: "read", status: "success" })).toBe(1);
  });

  test("disappear when the snapshot has no such server any more", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add"])]);
    gateway.emit(callFinished("math", "add"));
    gateway.snapshot = gatewaySnapshot();
    expect(String((await gateway.metrics.render()).body)).not.toContain('"math"');
  });

  test("are not resurrected by a late event, which counts for _other", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add"])]);
    gateway.snapshot = gatewaySnapshot();
    gateway.emit(
      unregistered,
      callFinished("math", "add"),
      { type: "server.stopped", timeMs: 0, server: math, reason: "requested", message: undefined },
      { type: "server.tools_listed", timeMs: 0, server: math, tools: [registeredName("add")] },
    );
    const scrape = await gateway.scrape();
    expect(String((await gateway.metrics.render()).body)).not.toContain('"math"');
    expect(scrape.value(CALLS, { mcp_server: "_other", tool: "_other", status: "success" })).toBe(1);
    expect(scrape.value("mcp_hangar_mcp_server_stops_total", { mcp_server: "_other", reason: "requested" })).toBe(1);
  });

  test("start again from 0 when the server comes back", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add"])]);
    gateway.emit(callFinished("math", "add"), unregistered, registered, callFinished("math", "add"));
    const scrape = await gateway.scrape();
    expect(scrape.value(CALLS, { mcp_server: "math", tool: "add", status: "success" })).toBe(1);
    expect(scrape.value(`${DURATION}_count`, { mcp_server: "math", tool: "add" })).toBe(1);
  });
});

describe("the series limit", () => {
  const OVERFLOWS = "mcp_hangar_metric_series_overflows_total";

  test("folds the excess into _other and counts it", async () => {
    const gateway = testGateway([serverSnapshot("math")], { seriesLimits: { toolCalls: 20 } });
    for (let tool = 0; tool < 100; tool++) gateway.emit(callFinished("math", `tool-${tool}`));
    const scrape = await gateway.scrape();
    const folded = scrape.value(CALLS, { mcp_server: "_other", tool: "_other", status: "success" }) ?? 0;
    const own = scrape.count(CALLS, { mcp_server: "math", status: "success" }) - 1;
    expect(folded).toBeGreaterThan(80);
    expect(own + folded).toBe(100);
    expect(scrape.value(OVERFLOWS, { metric: CALLS })).toBe(folded);
    expect(scrape.value(OVERFLOWS, { metric: `${DURATION}` })).toBe(0);
  });

  test("keeps principals to 1 000 unless told otherwise", async () => {
    const gateway = testGateway();
    for (let id = 0; id < 1_500; id++) {
      gateway.emit(
        callFinished(undefined, undefined, {
          caller: { type: "jwt", id: registeredName(`user-${id}`), roles: [], credential: `jwt:${id}` },
          outcome: { status: "rejected", reason: "rate_limited", message: "" },
        }),
      );
    }
    const scrape = await gateway.scrape();
    expect(scrape.count(RATE_LIMIT_HITS)).toBe(1_000);
    expect(scrape.value(RATE_LIMIT_HITS, { principal: "_other" })).toBe(501);
    expect(scrape.value(OVERFLOWS, { metric: RATE_LIMIT_HITS })).toBe(501);
  });

  test("holds for what is read from the snapshot: the excess is added up", async () => {
    const servers = Array.from({ length: 10 }, (_, index) =>
      serverSnapshot(`s${index}`, [], { consecutiveFailures: 1 }),
    );
    const scrape = await testGateway(servers, { seriesLimit: 4 }).scrape();
    const name = "mcp_hangar_health_check_consecutive_failures";
    expect(scrape.count(name)).toBe(5);
    expect(scrape.value(name, { mcp_server: "_other" })).toBe(6);
  });

  test("bounds what a hostile upstream with ever new tools can make of a scrape", async () => {
    const gateway = testGateway([serverSnapshot("math")]);
    for (let round = 0; round < 50; round++) {
      const tools = Array.from({ length: 100 }, (_, index) => `tool-${round}-${index}`);
      gateway.emit({ type: "server.tools_listed", timeMs: 0, server: math, tools: tools.map(registeredName) });
      for (const tool of tools) gateway.emit(callFinished("math", tool));
    }
    const scrape = await gateway.scrape();
    // Those of the last list; the others are gone with theirs.
    expect(scrape.count(CALLS, { mcp_server: "math", status: "success" })).toBe(101);
    expect(scrape.count(`${DURATION}_count`, { mcp_server: "math" })).toBe(101);
  });
});

describe("values that cannot occur", () => {
  const ERRORS = "mcp_hangar_tool_call_errors_total";
  const unproved = { error_type: "audit_unavailable" };

  test("have no series with 0, neither of a server nor of a called tool, and are counted when they occur after all", async () => {
    const possible = testGateway([serverSnapshot("math", ["add"])]);
    const gateway = testGateway([serverSnapshot("math", ["add"])], {
      impossible: { error_type: ["audit_unavailable"] },
    });
    for (const each of [possible, gateway]) each.emit(callFinished("math", "add"));
    expect((await possible.scrape()).count(ERRORS, unproved)).toBe(3);
    expect((await gateway.scrape()).count(ERRORS, unproved)).toBe(0);
    expect((await gateway.scrape()).count(ERRORS)).toBe((await possible.scrape()).count(ERRORS) - 3);

    gateway.emit(
      callFinished("math", "add", { outcome: { status: "error", errorType: "audit_unavailable", message: "full" } }),
    );
    expect((await gateway.scrape()).value(ERRORS, { tool: "add", ...unproved })).toBe(1);
  });
});

describe("the limits of tools", () => {
  const OVERFLOWS = "mcp_hangar_metric_series_overflows_total";
  const tools = Array.from({ length: 10 }, (_, index) => `tool-${index}`);

  test("fold what exceeds them into _other of the same server, and count it", async () => {
    const servers = ["math", "files"].map((id) => serverSnapshot(id, tools));
    const gateway = testGateway(servers, { toolLimits: { perServer: 6, total: 8 } });
    for (const server of ["math", "files"]) for (const tool of tools) gateway.emit(callFinished(server, tool));
    const scrape = await gateway.scrape();
    const calls = (labels: Record<string, string>) => scrape.value(CALLS, { status: "success", ...labels });
    expect(scrape.count(CALLS, { mcp_server: "math", status: "success" })).toBe(7);
    expect(calls({ mcp_server: "math", tool: "_other" })).toBe(4);
    expect(scrape.count(CALLS, { mcp_server: "files", status: "success" })).toBe(3);
    expect(calls({ mcp_server: "files", tool: "_other" })).toBe(8);
    expect(calls({ mcp_server: "_other", tool: "_other" })).toBe(0);
    expect(scrape.value(OVERFLOWS, { metric: CALLS })).toBe(12);
  });

  test("give the place of what is gone to others", async () => {
    const gateway = testGateway([serverSnapshot("math", tools), serverSnapshot("files", tools)], {
      toolLimits: { total: 10 },
    });
    for (const tool of tools) gateway.emit(callFinished("math", tool));
    gateway.emit(unregistered, callFinished("files", "tool-0"));
    gateway.snapshot = gatewaySnapshot([serverSnapshot("files", tools)]);
    expect((await gateway.scrape()).value(CALLS, { mcp_server: "files", tool: "tool-0", status: "success" })).toBe(1);
  });
});

describe("series of a tool that is gone", () => {
  const listed = (...tools: readonly string[]): HangarEvent => ({
    type: "server.tools_listed",
    timeMs: 0,
    server: math,
    tools: tools.map(registeredName),
  });

  test("disappear with the list that lacks it, and a late call counts for the server", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add", "sub"])]);
    gateway.emit(callFinished("math", "add"), callFinished("math", "sub"), listed("sub"), callFinished("math", "add"));
    gateway.snapshot = gatewaySnapshot([serverSnapshot("math", ["sub"])]);
    const scrape = await gateway.scrape();
    expect(scrape.count(CALLS, { tool: "add" })).toBe(0);
    expect(scrape.count(`${DURATION}_count`, { tool: "add" })).toBe(0);
    expect(scrape.value(CALLS, { mcp_server: "math", tool: "_other", status: "success" })).toBe(1);
    expect(scrape.value(CALLS, { mcp_server: "math", tool: "sub", status: "success" })).toBe(1);
    expect(scrape.value("mcp_hangar_metric_series_overflows_total", { metric: CALLS })).toBe(0);
  });

  test("disappear at the next scrape when the event was missed, but not when no list is known any more", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add", "sub"])]);
    gateway.emit(callFinished("math", "add"));
    gateway.snapshot = gatewaySnapshot([serverSnapshot("math", [])]);
    expect((await gateway.scrape()).value(CALLS, { tool: "add", status: "success" })).toBe(1);
    gateway.snapshot = gatewaySnapshot([serverSnapshot("math", ["sub"])]);
    expect((await gateway.scrape()).count(CALLS, { tool: "add" })).toBe(0);
  });

  test("begin again with 0 when it comes back", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add"])]);
    gateway.emit(callFinished("math", "add"), callFinished("math", "add"), listed("sub"), listed("add"));
    gateway.emit(callFinished("math", "add"));
    expect((await gateway.scrape()).value(CALLS, { tool: "add", status: "success" })).toBe(1);
  });
});

describe("a scraper", () => {
  const scraper = { name: "prometheus", connection: { destroyed: false } };

  test("is shown everything new with 0 first, then as it is; readers see it at once", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add"])]);
    const value = async (who?: typeof scraper) => {
      const { body, delivered } = await gateway.metrics.render({ accept: "text/plain", scraper: who });
      delivered();
      const lines = String(body).split("\n");
      return lines.filter((line) => /tool="add"/.test(line) && !line.endsWith(" 0")).length;
    };
    expect(await value(scraper)).toBe(0);
    gateway.emit(callFinished("math", "add"));
    expect(await value()).toBeGreaterThan(10);
    expect(await value(scraper)).toBe(0);
    const shown = await value();
    expect(await value(scraper)).toBe(shown);
  });

  test.each([
    ["at once what is counted of a server that it was shown with 0", true, 1],
    ["what is counted of a server between its arrival and the next scrape after a 0", false, 0],
  ])("is shown %s", async (_name, isShownBefore, shownThen) => {
    const gateway = testGateway();
    const value = async (): Promise<number> => {
      const { body, delivered } = await gateway.metrics.render({ accept: "text/plain", scraper });
      delivered();
      return Number(/stops_total\{mcp_server="math",reason="requested"\} (\d+)\n/.exec(String(body))?.[1]);
    };
    expect(await value()).toBeNaN();
    gateway.emit({ type: "server.registered", timeMs: 0, server: math, mode: "remote", origin: "runtime" });
    gateway.snapshot = gatewaySnapshot([serverSnapshot("math")]);
    if (isShownBefore) expect(await value()).toBe(0);
    gateway.emit({ type: "server.stopped", timeMs: 0, server: math, reason: "requested", message: undefined });
    expect(await value()).toBe(shownThen);
    expect(await value()).toBe(1);
  });

  test("that did not get its answer is shown 0 again", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add"])]);
    (await gateway.metrics.render({ scraper })).delivered();
    gateway.emit(callFinished("math", "add"));
    await gateway.metrics.render({ scraper });
    const { body } = await gateway.metrics.render({ scraper });
    expect(String(body)).toContain(`${CALLS}{mcp_server="math",tool="add",status="success"} 0\n`);
  });

  test("sees exemplars of what was held back afterwards, and none in a histogram of nothing", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add"])]);
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    (await gateway.metrics.render({ accept: OPEN_METRICS, scraper })).delivered();
    gateway.emit(callFinished("math", "add", { trace: { traceId, spanId: "00f067aa0ba902b7", sampled: true } }));
    const held = await gateway.metrics.render({ accept: OPEN_METRICS, scraper });
    held.delivered();
    const whole = await gateway.metrics.render({ accept: OPEN_METRICS, scraper });
    expect(String(held.body)).not.toContain(traceId);
    expect(() => parseOpenMetrics(String(held.body))).not.toThrow();
    expect(String(whole.body)).toContain(traceId);
  });
});

describe("a scrape that yields to other work", () => {
  test("is of one moment: what is counted meanwhile is on the next one, in all metrics", async () => {
    const tools = Array.from({ length: 200 }, (_, index) => `tool-${index}`);
    let turns = 0;
    const gateway = testGateway([serverSnapshot("math", tools)], {
      yieldTurn: async () => {
        turns += 1;
        for (const tool of tools) gateway.emit(callFinished("math", tool));
      },
    });
    for (const tool of tools) gateway.emit(callFinished("math", tool));
    const during = await gateway.scrape();
    const seen = turns;
    expect(seen).toBeGreaterThan(3);
    for (const tool of tools) {
      expect(during.value(CALLS, { tool, status: "success" })).toBe(1);
      expect(during.value(`${DURATION}_count`, { tool })).toBe(1);
    }
    expect((await gateway.scrape()).value(CALLS, { tool: "tool-0", status: "success" })).toBe(1 + seen);
  });

  test("loses no event, however many come, and tells of those that could not be recorded", async () => {
    let done = false;
    const gateway = testGateway(
      [
        serverSnapshot(
          "math",
          Array.from({ length: 200 }, (_, index) => `tool-${index}`),
        ),
      ],
      {
        yieldTurn: async () => {
          if (done) return;
          done = true;
          gateway.emit(callFinished("math", "add", { durationSeconds: Number.NaN }));
          for (let call = 0; call < 25_000; call++) gateway.emit(callFinished("math", "tool-0"));
        },
      },
    );
    for (let tool = 0; tool < 200; tool++) gateway.emit(callFinished("math", `tool-${tool}`));
    await gateway.metrics.render();
    expect((await gateway.scrape()).value(CALLS, { tool: "tool-0", status: "success" })).toBe(25_001);
    expect(gateway.bus.listeners()).toEqual([{ listener: "metrics", errors: 1 }]);
  });
});

describe("a reader who may not know every server", () => {
  test("is shown no name of the others, on any line of either format", async () => {
    const gateway = testGateway([
      serverSnapshot("math", ["add", "secret_tool"], { group: registeredName("hidden-group") }),
      serverSnapshot("files", ["read"], {
        httpConnections: 1,
        ownSessions: { open: { in_use: 1, idle: 0 }, max: 2, refused: 0 },
      }),
      serverSnapshot("hidden-group"),
    ]);
    gateway.emit(callFinished("math", "add"), callFinished("math", "secret_tool"), callFinished("files", "read"));
    const shows = (server: string, tool: string | undefined): boolean => server === "math" && tool !== "secret_tool";
    for (const accept of ["text/plain", OPEN_METRICS]) {
      const text = String((await gateway.metrics.render({ accept, shows })).body);
      for (const hidden of ["files", "hidden-group", "secret_tool", '"read"']) expect(text).not.toContain(hidden);
      expect(text).toContain('mcp_server="math",tool="add",status="success"} 1');
      expect(text).toContain('mcp_server="_other",tool="_other",status="success"} 0');
      expect(text).toContain("mcp_hangar_gc_cycles_total 0");
    }
  });
});

describe("gauges", () => {
  test("show the snapshot of the scrape", async () => {
    const gateway = testGateway([serverSnapshot("math", [], { state: "dead", up: false, breaker: "open" })]);
    const first = await gateway.scrape();
    expect(first.value("mcp_hangar_mcp_server_state", { mcp_server: "math" })).toBe(4);
    expect(first.value("mcp_hangar_mcp_server_up", { mcp_server: "math" })).toBe(0);
    expect(first.value("mcp_hangar_circuit_breaker_state", { mcp_server: "math" })).toBe(2);
    gateway.snapshot = gatewaySnapshot([serverSnapshot("math", [], { state: "cold" })]);
    expect((await gateway.scrape()).value("mcp_hangar_mcp_server_state", { mcp_server: "math" })).toBe(0);
  });

  test("are read from one snapshot a scrape", async () => {
    let taken = 0;
    const gateway = testGateway([], {
      snapshot: () => {
        taken += 1;
        return gatewaySnapshot();
      },
    });
    expect(taken).toBe(1);
    await gateway.metrics.render();
    expect(taken).toBe(2);
  });

  test("write an absent optional name as the empty string", async () => {
    const scrape = await testGateway([serverSnapshot("math")]).scrape();
    expect(scrape.value("mcp_hangar_mcp_server_info", { mcp_server: "math", mode: "subprocess", group: "" })).toBe(1);
  });

  test("counters read from totals do not add up over scrapes", async () => {
    const messages = { sent: { request: 7, response: 0, notification: 0, error: 0 }, received: noMessages };
    const gateway = testGateway([serverSnapshot("math", [], { messages })]);
    await gateway.scrape();
    const labels = { mcp_server: "math", direction: "sent", kind: "request" };
    expect((await gateway.scrape()).value("mcp_hangar_messages_total", labels)).toBe(7);
  });

  test("make the scrape fail when the snapshot cannot be taken, and the next one can succeed", async () => {
    let closing = false;
    const { metrics } = testGateway([], {
      snapshot: () => {
        if (!closing) return gatewaySnapshot();
        throw new Error("the gateway is closing");
      },
    });
    closing = true;
    await expect(metrics.render()).rejects.toThrow("the gateway is closing");
    closing = false;
    await expect(metrics.render()).resolves.toBeDefined();
  });
});

describe("exemplars", () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const trace = { traceId, spanId: "00f067aa0ba902b7", sampled: true };

  test("name the sampled trace in the bucket of its latency, also in the last one", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add"])]);
    gateway.emit(
      callFinished("math", "add", { trace, durationSeconds: 2 }),
      callFinished("math", "add", { trace, durationSeconds: 1_000 }),
    );
    const { families } = await gateway.scrape();
    const exemplars = [...families.values()].flatMap(({ samples }) =>
      samples.flatMap(({ name, labels, exemplar }) => (exemplar ? [[name, labels.le, exemplar]] : [])),
    );
    expect(exemplars).toEqual([
      [`${DURATION}_bucket`, "2.5", { labels: { trace_id: traceId }, value: 2 }],
      [`${DURATION}_bucket`, "+Inf", { labels: { trace_id: traceId }, value: 1_000 }],
    ]);
  });

  test("name no trace that was not sampled, since nobody could look it up", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add"])]);
    gateway.emit(callFinished("math", "add", { trace: { ...trace, sampled: false } }));
    expect(String((await gateway.metrics.render(OPEN_METRICS)).body)).not.toContain(traceId);
  });

  test("are left out of the text format, which has none", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add"])]);
    gateway.emit(callFinished("math", "add", { trace }));
    expect(String((await gateway.metrics.render("text/plain")).body)).not.toContain(traceId);
  });
});

describe("the registry", () => {
  test("is not the global one of prom-client", async () => {
    testGateway([serverSnapshot("math")], { runtimeMetrics: true }).metrics.close();
    expect(register.getMetricsAsArray()).toEqual([]);
  });

  test("belongs to one instance", async () => {
    const first = testGateway([serverSnapshot("math", ["add"])]);
    const second = testGateway([serverSnapshot("math", ["add"])]);
    first.emit(callFinished("math", undefined));
    expect((await second.scrape()).value(CALLS, { mcp_server: "math", status: "success" })).toBe(0);
  });

  test("takes metrics of the embedding program, of every type", async () => {
    const { metrics, scrape } = testGateway();
    const registers = [metrics.registry];
    new Counter({ name: "app_things", help: "Things.", registers }).inc(3);
    new Summary({ name: "app_sizes", help: 'Sizes "quoted".', percentiles: [0.5], registers }).observe(2);
    new Histogram({ name: "app_waits", help: "Waits.", labelNames: ["kind"], buckets: [1, 2], registers }).observe(
      { kind: "x" },
      1.5,
    );
    const result = await scrape();
    expect(result.value("app_things_total")).toBe(3);
    expect(result.value("app_sizes", { quantile: "0.5" })).toBe(2);
    expect(result.value("app_waits_bucket", { kind: "x", le: "2.0" })).toBe(1);
  });

  test("says through prom-client itself what the scrape says", async () => {
    const gateway = testGateway([serverSnapshot("math", ["add", 'h"o\\s\nt'], { httpConnections: 2 })]);
    gateway.emit(
      callFinished("math", "add", { durationSeconds: 0.7 }),
      callFinished("math", 'h"o\\s\nt', { durationSeconds: 700 }),
      callFinished("math", "add", { outcome: { status: "error", errorType: "internal", message: "" } }),
    );
    const ours = String((await gateway.metrics.render()).body);
    const theirs = await gateway.metrics.registry.metrics();
    expect(sortedLines(ours)).toEqual(sortedLines(theirs));
  });
});

test("after close nothing is counted any more", async () => {
  const gateway = testGateway([serverSnapshot("math", ["add"])]);
  gateway.metrics.close();
  gateway.emit(callFinished("math", undefined));
  expect((await gateway.scrape()).value(CALLS, { mcp_server: "math", status: "success" })).toBe(0);
});

const noMessages = { request: 0, response: 0, notification: 0, error: 0 };

/** Sample lines with their labels in alphabetical order and boundaries spelt alike, so that two writers compare. */
function sortedLines(text: string): readonly string[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, name = line, labels = "", value = ""] = /^([^{ ]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) =>
        label === "le" && text !== undefined && /^\d+$/.test(text) ? `le="${text}.0"` : `${label}="${text}"`,
      );
      return `${name}{${pairs.sort().join(",")}} ${value}`;
    })
    .sort();
}
