import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rest } from "../../src/harness/rest.ts";
import { outline, spansOfTrace, treeUnder } from "../../src/harness/span-tree.ts";
import { isServed, onlySpan, startTracedGateway, type TracedGateway } from "../../src/harness/traced-gateway.ts";
import { modernRequest } from "../../src/harness/wire-client.ts";

let traced: TracedGateway;

beforeAll(async () => {
  traced = await startTracedGateway();
});

afterAll(async () => {
  await traced?.[Symbol.asyncDispose]();
});

describe("a batch", () => {
  test("is one tree: request, batch, calls, and an attempt at each member of a group", async () => {
    const agent = traced.newAgent();
    const calls = [
      { server: "http", tool: "ok", arguments: {} },
      { server: "pool", tool: "rpc_error", arguments: {} },
    ];
    await traced.call("hangar_call", { calls }, { traceparent: agent.traceparent });
    const spans = await spansOfTrace(traced.receiver, agent.traceId, isServed);
    const lines = outline(treeUnder(spans, agent.spanId)).filter((line) => !/cold start|wait for slot/.test(line));
    expect(lines.slice(0, 2)).toEqual(["SERVER tools/call hangar_call", "  INTERNAL batch"]);
    expect(lines.slice(2).toSorted()).toEqual(
      [
        "    INTERNAL tools/call ok",
        "      CLIENT tools/call ok",
        "    INTERNAL tools/call rpc_error",
        "      CLIENT tools/call rpc_error",
        "      CLIENT tools/call rpc_error",
      ].toSorted(),
    );
    const failed = onlySpan(spans, "INTERNAL", "tools/call rpc_error");
    expect(failed).toMatchObject({
      status: { code: "STATUS_CODE_ERROR", message: "upstream_error (-32050)" },
      attributes: {
        "mcp.server.group_id": "pool",
        "mcp.server.id": "second",
        "mcp.tool.status": "error",
        "error.type": "-32050",
        "rpc.response.status_code": "-32050",
        "mcp.batch.index": 1n,
      },
      events: [{ name: "failover", attributes: { "mcp.server.id": "first", "mcp.server.next_id": "second" } }],
    });
    const attempts = spans.filter(({ parentSpanId }) => parentSpanId === failed.spanId);
    expect(attempts.map(({ attributes }) => [attributes["mcp.server.id"], attributes["error.type"]])).toEqual([
      ["first", "start_failed"],
      ["second", "-32050"],
    ]);
    expect(onlySpan(spans, "INTERNAL", "batch").attributes).toMatchObject({
      "mcp.batch.size": 2n,
      "mcp.batch.result": "partial",
    });
    expect(onlySpan(spans, "SERVER").attributes).toMatchObject({
      "mcp.operation.name": "runBatch",
      "gen_ai.tool.name": "hangar_call",
    });
  });

  test("has a call for each attempt of its own, and items with a context of their own continue that and link to it", async () => {
    const [agent, item] = [traced.newAgent(), traced.newAgent()];
    const calls = [
      { server: "lost", tool: "ok", arguments: {} },
      { server: "http", tool: "ok", arguments: {}, _meta: { traceparent: item.traceparent } },
    ];
    await traced.call("hangar_call", { calls, max_attempts: 2 }, { traceparent: agent.traceparent });
    const spans = await spansOfTrace(traced.receiver, agent.traceId, isServed);
    const tries = spans.filter(
      ({ attributes }) => attributes["mcp.tool.name"] === "ok" && attributes["mcp.batch.attempt"],
    );
    expect(tries.map(({ attributes }) => attributes["mcp.batch.attempt"])).toEqual([1n, 2n]);
    expect(tries.map(({ status }) => status.code)).toEqual(["STATUS_CODE_ERROR", "STATUS_CODE_ERROR"]);
    const [own] = await spansOfTrace(traced.receiver, item.traceId, (all) => all.length >= 2);
    expect(own).toMatchObject({
      kind: "SPAN_KIND_INTERNAL",
      parentSpanId: item.spanId,
      links: [{ traceId: agent.traceId, spanId: onlySpan(spans, "INTERNAL", "batch").spanId }],
    });
  });
});

describe("what went wrong", () => {
  test.each([
    ["pipe__is_error", "tool_error", "error", "tool_error"],
    ["pipe__rpc_error", "-32050", "error", "upstream_error (-32050)"],
    ["http__garbage", "protocol", "error", undefined],
  ])("in %s is an ERROR of type %s", async (tool, errorType, status, message) => {
    const agent = traced.newAgent();
    await traced.call(tool, {}, { traceparent: agent.traceparent });
    const spans = await spansOfTrace(traced.receiver, agent.traceId, isServed);
    for (const span of [onlySpan(spans, "SERVER"), onlySpan(spans, "CLIENT")]) {
      expect(span.status.code).toBe("STATUS_CODE_ERROR");
      expect(span.attributes["error.type"]).toBe(errorType);
      if (message !== undefined) expect(span.status.message).toBe(message);
    }
    expect(onlySpan(spans, "SERVER").attributes["mcp.tool.status"]).toBe(status);
  });

  test("with a tool that nobody offers makes no name of what the caller typed, and no attempt", async () => {
    const agent = traced.newAgent();
    await modernRequest(traced.gateway.mcpUrl("pipe"), "tools/call", {
      name: "typed by a caller",
      arguments: {},
      _meta: { traceparent: agent.traceparent },
    });
    const spans = await spansOfTrace(traced.receiver, agent.traceId, isServed);
    expect(spans).toMatchObject([
      {
        name: "tools/call",
        status: { code: "STATUS_CODE_ERROR" },
        attributes: { "error.type": "unknown_tool", "mcp.tool.name": "typed by a caller" },
      },
    ]);
  });

  test("at the start of a server is one span of its own, to which every call that waited links", async () => {
    const agents = Array.from({ length: 5 }, () => traced.newAgent());
    await Promise.all(agents.map(({ traceparent }) => traced.call("lost__ok", {}, { traceparent })));
    const waits = await Promise.all(
      agents.map(async ({ traceId }) => {
        const spans = await spansOfTrace(traced.receiver, traceId, isServed);
        return onlySpan(spans, "INTERNAL", "cold start").links[0]?.spanId;
      }),
    );
    const starts = traced.receiver.spans.filter(({ spanId }) => waits.includes(spanId));
    expect(starts.length).toBeLessThan(agents.length);
    expect(new Set(waits)).toEqual(new Set(starts.map(({ spanId }) => spanId)));
    for (const start of starts) {
      expect(start).toMatchObject({
        name: "server start",
        status: { code: "STATUS_CODE_ERROR" },
        attributes: { "mcp.server.id": "lost", "error.type": "start_failed" },
      });
    }
  });
});

describe("everything else that is done for callers", () => {
  test("has spans: other requests of MCP", async () => {
    const agent = traced.newAgent();
    await modernRequest(traced.gateway.mcpUrl(), "tools/list", { _meta: { traceparent: agent.traceparent } });
    const spans = await spansOfTrace(traced.receiver, agent.traceId, isServed);
    expect(onlySpan(spans, "SERVER")).toMatchObject({
      name: "tools/list",
      parentSpanId: agent.spanId,
      attributes: { "mcp.method.name": "tools/list" },
    });
    expect(onlySpan(spans, "SERVER").attributes).not.toHaveProperty("gen_ai.operation.name");
  });

  test("has spans: operations over REST, and the calls that they make", async () => {
    const agent = traced.newAgent();
    const headers = { traceparent: agent.traceparent };
    await rest(traced.gateway, "POST", "/api/mcp_servers/pipe/tools/ok/call", { body: {}, headers });
    const spans = await spansOfTrace(traced.receiver, agent.traceId, isServed);
    expect(outline(treeUnder(spans, agent.spanId)).slice(0, 3)).toEqual([
      "SERVER callServerTool",
      "  INTERNAL tools/call ok",
      "    CLIENT tools/call ok",
    ]);
  });

  test("says nothing of arguments but a digest that equal arguments share, whatever their order", async () => {
    const digestOf = async (args: object): Promise<unknown> => {
      const agent = traced.newAgent();
      await traced.call("pipe__echo", args, { traceparent: agent.traceparent });
      const spans = await spansOfTrace(traced.receiver, agent.traceId, isServed);
      expect(JSON.stringify(spans, (_key, value) => (typeof value === "bigint" ? String(value) : value))).not.toContain(
        "canary",
      );
      return onlySpan(spans, "SERVER").attributes["mcp.tool.args_hash"];
    };
    const digest = await digestOf({ word: "canary", n: 1 });
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(await digestOf({ n: 1, word: "canary" })).toBe(digest);
    expect(await digestOf({ n: 2, word: "canary" })).not.toBe(digest);
  });

  test("describes the service, and nothing of its command line, its user and its host", () => {
    const resource = traced.receiver.spans.find(({ resource }) => resource["service.name"] === "mcp-hangar")?.resource;
    expect(Object.keys(resource ?? {}).toSorted()).toEqual([
      "service.instance.id",
      "service.name",
      "service.version",
      "telemetry.sdk.language",
      "telemetry.sdk.name",
      "telemetry.sdk.version",
    ]);
  });
});
