import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { type LegacySession, modernRequest, openLegacySession, type RpcMessage } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

/** What the management tools answer, as far as these tests look at it. */
interface Answer {
  readonly isError?: boolean;
  readonly content: readonly { readonly text: string }[];
  readonly structuredContent: Readonly<Record<string, unknown>> & { readonly results: readonly Item[] };
}

interface Item {
  readonly result: { readonly content: readonly { readonly text: string }[] } | null;
  readonly error: string | null;
  readonly truncated?: { readonly continuation_id: string; readonly total_chars: number };
}

/** A failure is said in text only: structured content would have to be a success. */
function failureOf(answer: Answer): unknown {
  expect(answer).toMatchObject({ isError: true });
  expect(answer.structuredContent).toBeUndefined();
  return JSON.parse(answer.content[0]?.text ?? "");
}

const MANAGEMENT = ["hangar_call", "hangar_fetch_continuation", "hangar_delete_continuation"];
const SERVER = "own";

let gateway: HttpGateway;
let session: LegacySession;

beforeAll(async () => {
  gateway = await startGateway({ mcp_servers: { [SERVER]: nodeServer(fixtureFile("misbehaving/stdio.ts")) } });
  session = await openLegacySession(gateway.mcpUrl());
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
});

const legacy = (method: string, params: object): Promise<RpcMessage> =>
  session.request(method, params).then(({ message }) => message);
const modern = (method: string, params: Record<string, unknown>): Promise<RpcMessage> =>
  modernRequest(gateway.mcpUrl(), method, params).then(({ message }) => message);

describe.each([
  ["legacy", legacy],
  ["modern", modern],
] as const)("for a %s client", (era, request) => {
  const call = async (name: string, args: object, meta?: object): Promise<Answer> => {
    const params = { name, arguments: args, ...(meta !== undefined && { _meta: meta }) };
    const { result } = await request("tools/call", params);
    // Every result of a management tool has this shape, and the expectations look at what is in it.
    return result as unknown as Answer;
  };

  test("the management tools are listed on the aggregate endpoint, with the schema of their arguments", async () => {
    const { result } = await request("tools/list", {});
    const tools = result?.tools as readonly { readonly name: string; readonly inputSchema: object }[];
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining([...MANAGEMENT, `${SERVER}__ok`]));
    expect(tools.find(({ name }) => name === "hangar_call")?.inputSchema).toMatchObject({
      type: "object",
      required: ["calls"],
      properties: { calls: { minItems: 1, maxItems: 100 }, max_concurrency: { minimum: 1, maximum: 50, default: 10 } },
    });
  });

  test("hangar_call reports on each call, as data and as text", async () => {
    const calls = [
      { server: SERVER, tool: "echo", arguments: { n: 1 }, id: "one" },
      { server: SERVER, tool: "is_error" },
      { server: SERVER, tool: "no_such_tool" },
    ];
    const answer = await call("hangar_call", { calls });
    const { structuredContent: report } = answer;
    expect(report).toMatchObject({ success: false, total: 3, succeeded: 1, failed: 2 });
    expect(report.results).toMatchObject([
      { id: "one", success: true, result: { content: [{ text: '{"n":1}' }] } },
      { success: false, error_type: "tool_error", result: { isError: true } },
      { success: false, error_type: "unknown_tool" },
    ]);
    expect(answer.isError).toBeUndefined();
    expect(answer).toMatchObject({ content: [{ type: "text", text: JSON.stringify(report) }] });
    if (era === "modern") expect(answer).toMatchObject({ resultType: "complete" });
  });

  test("what is wrong with a batch is said by call and field", async () => {
    const answer = await call("hangar_call", {
      calls: [
        { server: SERVER, tool: "ok" },
        { server: SERVER, timeout: 0 },
      ],
    });
    expect(failureOf(answer)).toMatchObject({
      success: false,
      error_type: "validation_error",
      batch_id: expect.any(String),
      errors: [
        { index: 1, field: "tool" },
        { index: 1, field: "timeout" },
      ],
    });
  });

  test("each call carries its own trace context, else that of the batch", async () => {
    const ofBatch = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const meta = { server: SERVER, tool: "meta" };
    const { structuredContent } = await call(
      "hangar_call",
      { calls: [meta, { ...meta, _meta: { traceparent: own } }] },
      { traceparent: ofBatch },
    );
    const seen = structuredContent.results.map(({ result }) => String(result?.content[0]?.text));
    expect(seen).toEqual([expect.stringContaining(ofBatch.slice(3, 35)), expect.stringContaining(own.slice(3, 35))]);
  });

  test("a large result is read page by page, and forgotten when it is deleted", async () => {
    const { structuredContent } = await call("hangar_call", { calls: [{ server: SERVER, tool: "big" }] });
    const [item] = structuredContent.results;
    expect(item).toMatchObject({ success: true, result: null });
    const continuation = { continuation_id: item?.truncated?.continuation_id };
    let text = "";
    for (let offset: unknown = 0; offset !== null; ) {
      const page = await call("hangar_fetch_continuation", { ...continuation, offset, limit: 30_000 });
      text += String(page.structuredContent.content);
      offset = page.structuredContent.next_offset;
    }
    expect(text).toHaveLength(item?.truncated?.total_chars ?? 0);
    expect(JSON.parse(text)).toEqual({ content: [{ type: "text", text: "x".repeat(100_000) }] });
    const deleted = await call("hangar_delete_continuation", continuation);
    expect(deleted.structuredContent).toMatchObject({ deleted: true });
    for (const name of ["hangar_fetch_continuation", "hangar_delete_continuation"]) {
      const gone = await call(name, continuation);
      expect(failureOf(gone)).toMatchObject({ error_type: "unknown_continuation" });
    }
    const wrong = await call("hangar_fetch_continuation", { ...continuation, limit: 0, page: 1 });
    expect(failureOf(wrong)).toMatchObject({
      error_type: "invalid_request",
      errors: [{ field: "limit" }, { field: "page" }],
    });
  });
});

test("a single server's endpoint has no management tools", async () => {
  const { message } = await modernRequest(gateway.mcpUrl(SERVER), "tools/list");
  expect(JSON.stringify(message.result)).not.toContain("hangar_");
  const refused = await modernRequest(gateway.mcpUrl(SERVER), "tools/call", { name: "hangar_call", arguments: {} });
  expect(refused.message.error?.message).toContain("unknown tool");
});

test("a client that cancels its batch cancels every call of it", async () => {
  const before = await gateway.metrics();
  const calls = Array.from({ length: 12 }, () => ({ server: SERVER, tool: "silence" }));
  const hangUp = new AbortController();
  const pending = modernRequest(
    gateway.mcpUrl(),
    "tools/call",
    { name: "hangar_call", arguments: { calls } },
    { signal: hangUp.signal },
  ).catch(() => {});
  await poll("ten calls to run", async () => (await gateway.metrics()).sum("mcp_hangar_batch_concurrency") === 10);
  hangUp.abort();
  await pending;
  await poll("the batch to end", async () => (await gateway.metrics()).sum("mcp_hangar_batch_concurrency") === 0);
  const after = await gateway.metrics();
  const grown = (name: string, labels: Record<string, string>): number =>
    after.sum(name, labels) - before.sum(name, labels);
  expect(grown("mcp_hangar_batch_calls_total", { result: "cancelled" })).toBe(1);
  expect(grown("mcp_hangar_batch_cancellations_total", { reason: "client" })).toBe(1);
  expect(grown("mcp_hangar_batch_items_total", { status: "cancelled" })).toBe(12);
  // Two calls never began.
  expect(grown("mcp_hangar_tool_calls_total", { status: "cancelled" })).toBe(10);
});
