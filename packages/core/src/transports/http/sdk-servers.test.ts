import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type NodeIncomingMessageLike, toNodeHandler } from "@modelcontextprotocol/node";
import { McpServer as McpServerV1 } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { Transport as SdkTransport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { nodeServer } from "../../../test/http/node-server.ts";
import { callTool, request, resultOf, rig } from "../../../test/http/open-session.ts";
import type { JsonRpcNotification } from "../../protocol/json-rpc.ts";

/** A server of SDK v2 that answers in whichever era it is asked. */
function serverOfV2(): { handler: (request: IncomingMessage, response: ServerResponse) => void; changed: () => void } {
  const mcp = createMcpHandler(() => {
    const server = new McpServer(
      { name: "v2", version: "2.0.0" },
      { capabilities: { tools: { listChanged: true }, logging: {} } },
    );
    server.registerTool("echo", { inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({
      content: [{ type: "text", text }],
    }));
    server.registerTool("steps", { inputSchema: z.object({}) }, async (_args, ctx) => {
      const token = ctx.mcpReq._meta?.progressToken;
      for (const progress of [1, 2]) {
        if (token !== undefined) {
          await ctx.mcpReq.notify({
            method: "notifications/progress",
            params: { progressToken: token, progress, total: 2 },
          });
        }
      }
      return { content: [{ type: "text", text: "done" }] };
    });
    server.registerTool("forever", { inputSchema: z.object({}) }, () => new Promise(() => {}));
    return server;
  });
  const serve = toNodeHandler(mcp);
  return {
    handler: (incoming, response) => void serve(incoming as NodeIncomingMessageLike, response),
    changed: () => mcp.notify.toolsChanged(),
  };
}

/** A server of SDK v1 with sessions, as its documentation shows it. */
class ServerOfV1 {
  readonly sessions = new Map<string, { transport: StreamableHTTPServerTransport; server: McpServerV1 }>();
  readonly cancelled: unknown[] = [];
  readonly json: boolean;

  constructor(json = false) {
    this.json = json;
  }

  readonly handler = (incoming: IncomingMessage, response: ServerResponse): void => {
    void this.#handle(incoming, response);
  };

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = incoming.headers["mcp-session-id"];
    const known = typeof id === "string" ? this.sessions.get(id) : undefined;
    if (known !== undefined) return known.transport.handleRequest(incoming, response);
    if (id !== undefined) return void response.writeHead(404).end();
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      enableJsonResponse: this.json,
      onsessioninitialized: (fresh) => void this.sessions.set(fresh, { transport, server }),
      onsessionclosed: (gone) => void this.sessions.delete(gone),
    });
    const server = this.#build();
    // The SDK's own types disagree under exactOptionalPropertyTypes.
    await server.connect(transport as SdkTransport);
    await transport.handleRequest(incoming, response);
  }

  #build(): McpServerV1 {
    const server = new McpServerV1({ name: "v1", version: "1.0.0" }, { capabilities: { logging: {} } });
    server.registerTool("echo", { inputSchema: { text: z.string() } }, ({ text }) => ({
      content: [{ type: "text", text }],
    }));
    server.registerTool("ask", { inputSchema: {} }, async () => {
      const { content } = await server.server.createMessage({
        messages: [{ role: "user", content: { type: "text", text: "well?" } }],
        maxTokens: 5,
      });
      return { content: [content] } as { content: { type: "text"; text: string }[] };
    });
    server.registerTool("forever", { inputSchema: {} }, (_args, { signal }) => {
      signal.addEventListener("abort", () => void this.cancelled.push(signal.reason));
      return new Promise(() => {});
    });
    return server;
  }
}

describe("a server of the official SDK v2", () => {
  it("is met in the modern era and answers calls with content, errors and progress", async () => {
    const { url } = await nodeServer(serverOfV2().handler);
    const session = await rig(url).open();
    expect(session.peer).toMatchObject({ era: "modern", protocolVersion: "2026-07-28", info: { name: "v2" } });
    const list = resultOf(await request(session, "tools/list"));
    expect(list.tools).toMatchObject([{ name: "echo" }, { name: "steps" }, { name: "forever" }]);
    expect(resultOf(await callTool(session, "echo", { arguments: { text: "grüße" } }))).toMatchObject({
      content: [{ type: "text", text: "grüße" }],
    });
    expect(await callTool(session, "nope")).toMatchObject({ kind: "error", error: { code: -32602 } });
    const seen: JsonRpcNotification[] = [];
    const params = { name: "steps", arguments: {}, _meta: { progressToken: "mine" } };
    await request(session, "tools/call", { params, onNotification: (n) => void seen.push(n) });
    expect(seen.map((n) => n.params)).toMatchObject([
      { progressToken: "mine", progress: 1 },
      { progressToken: "mine", progress: 2 },
    ]);
  });

  it("relays a large result as the bytes it came in", async () => {
    const { url } = await nodeServer(serverOfV2().handler);
    const session = await rig(url).open();
    const text = "ä€😀".repeat(40_000);
    const reply = await callTool(session, "echo", { arguments: { text } });
    expect(reply.kind === "result" && reply.result.bytes?.includes(text)).toBe(true);
    expect(resultOf(reply)).toMatchObject({ content: [{ text }] });
  });

  it("tells of changed lists through the background subscription", async () => {
    const { handler, changed } = serverOfV2();
    const { url } = await nodeServer(handler);
    const { open, observer } = rig(url);
    await open();
    await expect.poll(() => observer.messages.get("received notification")).toBe(1);
    changed();
    await expect
      .poll(() => observer.notifications.map(({ method }) => method))
      .toEqual(["notifications/tools/list_changed"]);
  });
});

describe("a server of the official SDK v1", () => {
  it.each([true, false])("is met in the legacy era and answers calls (JSON: %s)", async (asJson) => {
    const v1 = new ServerOfV1(asJson);
    const { url } = await nodeServer(v1.handler);
    const session = await rig(url).open();
    expect(session.peer).toMatchObject({ era: "legacy", protocolVersion: "2025-11-25", info: { name: "v1" } });
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, n) => callTool(session, "echo", { arguments: { text: `text ${n}` } })),
    );
    expect(replies.map(resultOf)).toEqual(
      Array.from({ length: 20 }, (_, n) => ({ content: [{ type: "text", text: `text ${n}` }] })),
    );
    expect(v1.sessions.size).toBe(1);
    await session.close();
    expect(v1.sessions.size).toBe(0);
  });

  it("gets an answer to what it asks in the course of a call", async () => {
    const { url } = await nodeServer(new ServerOfV1().handler);
    const session = await rig(url, { context: { clientCapabilities: { sampling: {} } } }).open();
    const content = { type: "text", text: "fine" };
    // Without a related request the SDK asks on the background stream.
    const { observer, open } = rig(url, { context: { clientCapabilities: { sampling: {} } } });
    observer.answer = async () => ({ kind: "result", result: { role: "assistant", model: "m", content } });
    const asked = await open();
    expect(resultOf(await callTool(asked, "ask"))).toEqual({ content: [content] });
    expect(observer.requests).toMatchObject([{ method: "sampling/createMessage" }]);
    await session.close();
  });

  it("learns that a call was given up", async () => {
    const v1 = new ServerOfV1();
    const { url } = await nodeServer(v1.handler);
    const session = await rig(url).open();
    const controller = new AbortController();
    const reply = callTool(session, "forever", { signal: controller.signal });
    await expect.poll(() => session.connections()).toBeGreaterThan(1);
    await callTool(session, "echo", { arguments: { text: "in between" } });
    controller.abort();
    expect(await reply).toMatchObject({ errorType: "aborted", maybeExecuted: true });
    await expect.poll(() => v1.cancelled.length).toBe(1);
  });

  it("loses its sessions, and the calls in flight are answered all the same", async () => {
    const v1 = new ServerOfV1();
    const { url } = await nodeServer(v1.handler);
    const { open, observer } = rig(url);
    const session = await open();
    for (const { transport } of v1.sessions.values()) await transport.close();
    v1.sessions.clear();
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, n) => callTool(session, "echo", { arguments: { text: String(n) } })),
    );
    expect(replies.map((reply) => reply.kind)).toEqual(Array.from({ length: 8 }, () => "result"));
    expect(v1.sessions.size).toBe(1);
    expect(observer.ends).toEqual([]);
  });
});
