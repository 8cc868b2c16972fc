import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import {
  type NodeIncomingMessageLike,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
} from "@modelcontextprotocol/node";
import {
  acceptedContent,
  createMcpHandler,
  inputRequired,
  isInitializeRequest,
  McpServer,
} from "@modelcontextprotocol/server";
import { z } from "zod";

/** How a server treats legacy clients: with sessions, one request at a time (the default of SDK v2), or not at all. */
export type LegacySide = "sessions" | "stateless" | "reject";

/** A server of SDK v2 that speaks the modern era, and the legacy era as it is told. */
export class DualServer {
  /** Legacy sessions that are open. */
  readonly sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  /** URIs subscribed to in the legacy way. */
  readonly subscribed: string[] = [];
  /** Methods of the POSTs that came, with the era they came in. */
  readonly posts: string[] = [];
  readonly #legacySide: LegacySide;
  readonly #handler: ReturnType<typeof createMcpHandler>;

  constructor(legacySide: LegacySide) {
    this.#legacySide = legacySide;
    this.#handler = createMcpHandler(() => this.#build(), {
      legacy: legacySide === "stateless" ? "stateless" : "reject",
    });
  }

  readonly listener: RequestListener = (request, response) => void this.#serve(request, response);

  /** Announces to modern subscribers that a resource changed. */
  updated(uri: string): void {
    this.#handler.notify.resourceUpdated(uri);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    const id = request.headers["mcp-session-id"];
    const legacy = id !== undefined || isInitializeRequest(body);
    if (request.method === "POST") {
      this.posts.push(`${legacy ? "legacy" : "modern"} ${(body as { method?: string }).method ?? "answer"}`);
    }
    if (!legacy || this.#legacySide !== "sessions") {
      // The adapter's type lacks `| undefined` on optional fields; its code only reads them.
      return toNodeHandler(this.#handler)(request as NodeIncomingMessageLike, response, body);
    }
    if (id === undefined) return (await this.#open()).handleRequest(request, response, body);
    const known = this.sessions.get(String(id));
    return known === undefined ? void response.writeHead(404).end() : known.handleRequest(request, response, body);
  }

  async #open(): Promise<NodeStreamableHTTPServerTransport> {
    const transport: NodeStreamableHTTPServerTransport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void this.sessions.set(id, transport),
      onsessionclosed: (id) => void this.sessions.delete(id),
    });
    await this.#build().connect(transport);
    return transport;
  }

  #build(): McpServer {
    const capabilities = { tools: {}, resources: { subscribe: true }, logging: {} };
    const server = new McpServer({ name: "dual", version: "2.0.0" }, { capabilities });
    const nothing = z.object({});
    server.registerTool("sample", { inputSchema: nothing }, async (_args, context) => {
      const params = { messages: [{ role: "user" as const, content: { type: "text" as const, text: "well?" } }] };
      const answer = await context.mcpReq.send({
        method: "sampling/createMessage",
        params: { ...params, maxTokens: 5 },
      });
      return { content: [{ type: "text", text: JSON.stringify(answer.content) }] };
    });
    server.registerTool("greet", { inputSchema: nothing }, (_args, context) => {
      const name = acceptedContent(context.mcpReq.inputResponses, "name")?.name;
      if (typeof name === "string") return { content: [{ type: "text", text: `hello ${name}` }] };
      const question = inputRequired.elicit({
        message: "Your name?",
        requestedSchema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
      });
      return inputRequired({ inputRequests: { name: question } });
    });
    server.registerTool("log", { inputSchema: nothing }, async (_args, context) => {
      await context.mcpReq.log("info", "a line");
      return { content: [] };
    });
    server.registerResource("watched", "test://watched", {}, (uri) => ({ contents: [{ uri: uri.href, text: "" }] }));
    server.server.setRequestHandler("resources/subscribe", ({ params }) => {
      this.subscribed.push(params.uri);
      return {};
    });
    return server;
  }
}
