import { runProcess, SOURCE_CONDITION } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CLIENT_KINDS, connect } from "../../src/harness/mcp-client.ts";
import { outline, spansOfTrace, treeUnder } from "../../src/harness/span-tree.ts";
import { isServed, onlySpan, startTracedGateway, type TracedGateway } from "../../src/harness/traced-gateway.ts";
import { textOf } from "../../src/harness/wire-client.ts";
import { fixtureFile } from "../../src/harness/workspace.ts";

let traced: TracedGateway;

beforeAll(async () => {
  traced = await startTracedGateway();
});

afterAll(async () => {
  await traced?.[Symbol.asyncDispose]();
});

describe.each(CLIENT_KINDS)("a call of the official client %s", (kind) => {
  test.each(["traced_pipe", "traced_http"])(
    "makes one trace from the agent through the gateway into %s",
    async (server) => {
      const agent = traced.newAgent();
      await using client = await connect(kind, traced.gateway.mcpUrl());
      await client.call(`${server}__work`, {}, { meta: { traceparent: agent.traceparent } });
      const spans = await spansOfTrace(
        traced.receiver,
        agent.traceId,
        (all) => isServed(all) && all.some(({ name }) => name === "upstream query"),
      );
      const lines = outline(treeUnder(spans, agent.spanId)).filter((line) => !/cold start|wait for slot/.test(line));
      expect(lines).toEqual([
        "SERVER tools/call work",
        "  CLIENT tools/call work",
        "    INTERNAL upstream work",
        "      INTERNAL upstream query",
      ]);
      expect(onlySpan(spans, "SERVER").resource["service.name"]).toBe("mcp-hangar");
      expect(onlySpan(spans, "INTERNAL", "upstream work").resource["service.name"]).toBe("traced-upstream");
      expect(onlySpan(spans, "CLIENT").attributes).toMatchObject({
        "mcp.server.id": server,
        "mcp.method.name": "tools/call",
        "gen_ai.operation.name": "execute_tool",
        "network.transport": server === "traced_pipe" ? "pipe" : "tcp",
      });
    },
  );
});

test("the spans of an agent with a public instrumentation, of the gateway and of the server are one trace", async () => {
  const { stdout, stderr } = await runProcess({
    command: process.execPath,
    args: [SOURCE_CONDITION, fixtureFile("traced/agent.ts"), traced.gateway.mcpUrl(), "traced_http__work"],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: traced.receiver.httpUrl },
  });
  const traceId = stdout.trim();
  expect(traceId, stderr).toMatch(/^[0-9a-f]{32}$/);
  const spans = await spansOfTrace(traced.receiver, traceId, (all) => isServed(all) && all.length >= 5);
  const lines = outline(treeUnder(spans, undefined)).filter((line) => !/cold start|wait for slot/.test(line));
  expect(lines).toEqual([
    "INTERNAL agent turn",
    "  SERVER tools/call work",
    "    CLIENT tools/call work",
    "      INTERNAL upstream work",
    "        INTERNAL upstream query",
  ]);
  expect(spans.map(({ resource }) => resource["service.name"])).toEqual(
    expect.arrayContaining(["agent", "mcp-hangar", "traced-upstream"]),
  );
});

describe("trace context", () => {
  test("reaches servers over stdio in _meta, and over HTTP in _meta and headers, naming the span of the attempt", async () => {
    const agent = traced.newAgent();
    const meta = { traceparent: agent.traceparent, tracestate: "vendor=value", baggage: "customer=42" };
    const [overPipe, inMeta, inHeaders] = await Promise.all(
      ["pipe__meta", "http__meta", "http__headers"].map(async (name) => {
        const answer = await traced.call(name, {}, meta);
        return JSON.parse(textOf(answer.message)) as Readonly<Record<string, unknown>>;
      }),
    );
    const spans = await spansOfTrace(
      traced.receiver,
      agent.traceId,
      (all) => all.filter((span) => isServed([span])).length === 3,
    );
    const ids = spans.filter(({ kind }) => kind === "SPAN_KIND_CLIENT").map(({ spanId }) => spanId);
    const told = [overPipe, inMeta, inHeaders].map((carrier) => String(carrier?.traceparent));
    expect(told.toSorted()).toEqual(ids.map((id) => `00-${agent.traceId}-${id}-01`).toSorted());
    for (const carrier of [overPipe, inMeta, inHeaders]) {
      expect(carrier).toMatchObject({ tracestate: "vendor=value" });
      expect(carrier).not.toHaveProperty("baggage");
    }
    expect(onlySpan(spans, "SERVER", "tools/call headers").traceState).toBe("vendor=value");
  });

  test("takes baggage along to the servers that may have it, and to no others", async () => {
    const agent = traced.newAgent();
    const meta = { traceparent: agent.traceparent, baggage: "customer=42" };
    const calls = ["trusted", "pipe"].map((server) => ({ server, tool: "meta", arguments: {} }));
    const direct = await traced.call("trusted__meta", {}, meta);
    expect(JSON.parse(textOf(direct.message))).toMatchObject({ baggage: "customer=42" });
    const { message } = await traced.call("hangar_call", { calls }, meta);
    const { results } = (
      message.result as { structuredContent: { results: { result: { content: { text: string }[] } }[] } }
    ).structuredContent;
    const [trusted, other] = results.map(({ result }) => JSON.parse(result.content[0]?.text ?? "") as object);
    expect(trusted).toMatchObject({ baggage: "customer=42" });
    expect(other).not.toHaveProperty("baggage");
  });

  test("is never cut within an entry, and what is no tracestate goes nowhere", async () => {
    const { traceparent } = traced.newAgent();
    const entries = (count: number): readonly string[] =>
      Array.from({ length: count }, (_, at) => `vendor${at}=`.padEnd(29, "v"));
    const baggage = Array.from({ length: 60 }, (_, at) => `key${at}=`.padEnd(99, "v")).join(",");
    for (const [tracestate, expected] of [
      [entries(17).join(","), entries(17).join(",")],
      [entries(32).join(","), entries(17).join(",")],
      [entries(33).join(","), undefined],
      [`${entries(16).join(",")},${"k".repeat(200)}=v`, entries(16).join(",")],
      ["no list", undefined],
      ["a=1,a=2", undefined],
      [["a=1"], undefined],
    ] as const) {
      const inMeta = { traceparent, tracestate, baggage };
      const [piped, fromHeaders] = [
        await traced.call("trusted__meta", {}, inMeta),
        await traced.call("trusted__meta", {}, {}, { traceparent, tracestate: String(tracestate) }),
      ].map(({ message }) => JSON.parse(textOf(message)) as Readonly<Record<string, unknown>>);
      expect(piped?.tracestate).toBe(expected);
      expect(piped?.baggage).toBe(baggage);
      if (typeof tracestate === "string") expect(fromHeaders?.tracestate).toBe(expected);
    }
  });

  test("of the headers is the parent when _meta has none, and a link when it has one", async () => {
    const [agent, proxy] = [traced.newAgent(), traced.newAgent()];
    await traced.call("pipe__ok", {}, {}, { traceparent: proxy.traceparent });
    const alone = await spansOfTrace(traced.receiver, proxy.traceId, isServed);
    expect(onlySpan(alone, "SERVER")).toMatchObject({ parentSpanId: proxy.spanId, links: [] });

    await traced.call("pipe__ok", {}, { traceparent: agent.traceparent }, { traceparent: proxy.traceparent });
    const both = await spansOfTrace(traced.receiver, agent.traceId, isServed);
    expect(onlySpan(both, "SERVER")).toMatchObject({
      parentSpanId: agent.spanId,
      links: [{ traceId: proxy.traceId, spanId: proxy.spanId }],
    });
  });

  test.each(["", "garbage", `00-${"0".repeat(32)}-${"b".repeat(16)}-01`])(
    "that is malformed (%j) makes no parent: the trace begins at the gateway",
    async (traceparent) => {
      const before = new Set(traced.receiver.spans.map(({ spanId }) => spanId));
      await traced.call("pipe__echo", { traceparent }, { traceparent });
      const span = await expect
        .poll(() => traced.receiver.spans.find(({ spanId, name }) => !before.has(spanId) && name === "tools/call echo"))
        .toBeDefined()
        .then(() =>
          traced.receiver.spans.find(({ spanId, kind }) => !before.has(spanId) && kind === "SPAN_KIND_SERVER"),
        );
      expect(span).toMatchObject({ parentSpanId: undefined, name: "tools/call echo" });
    },
  );
});
