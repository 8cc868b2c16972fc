import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { JsonObject } from "../../src/protocol/json-rpc.ts";

/** One HTTP request as it arrived, with its body parsed when it is JSON. */
export interface Received {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly message: JsonObject & {
    readonly id?: number | string;
    readonly method?: string;
    readonly params?: JsonObject;
  };
}

export type Handler = (received: Received, response: ServerResponse) => void | Promise<void>;

/** A server on loopback that answers as a test tells it to. */
export interface RawServer {
  readonly url: string;
  /** Everything received, in order. */
  readonly received: readonly Received[];
  /** JSON-RPC methods received in POSTs, in order. */
  readonly methods: () => readonly (string | undefined)[];
  /** Sockets that are open now. */
  readonly sockets: () => number;
  /** Stops listening and cuts all connections; done by itself at the end of the test. */
  readonly stop: () => Promise<void>;
}

/** Starts a server that is stopped when the test ends. With `tls` it speaks https. */
export async function rawServer(
  handler: Handler,
  options: { tls?: ServerOptions; port?: number } = {},
): Promise<RawServer> {
  const received: Received[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      const message = text === "" ? {} : (JSON.parse(text) as Received["message"]);
      const one = { method: request.method ?? "", path: request.url ?? "", headers: request.headers, message };
      received.push(one);
      void handler(one, response);
    });
  };
  const server: Server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener);
  let sockets = 0;
  server.on("connection", (socket) => {
    sockets++;
    socket.on("error", () => undefined);
    socket.on("close", () => sockets--);
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  onTestFinished(stop);
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls ? "https" : "http"}://127.0.0.1:${port}/mcp`,
    received,
    methods: () => received.filter(({ method }) => method === "POST").map(({ message }) => message.method),
    sockets: () => sockets,
    stop,
  };
}

/** Answers with a JSON body. */
export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** Answers a request with a result. */
export function result(
  received: Received,
  response: ServerResponse,
  value: JsonObject,
  headers: Record<string, string> = {},
): void {
  json(response, 200, { jsonrpc: "2.0", id: received.message.id, result: value }, headers);
}

/** Begins an event stream. */
export function events(response: ServerResponse): ServerResponse {
  response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
  return response;
}

/** One event with a JSON-RPC message. */
export function event(message: JsonObject, id?: string): string {
  return `${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`;
}

/** Begins the result of `initialize` of a plain legacy server. */
export const LEGACY_RESULT: JsonObject = {
  protocolVersion: "2025-11-25",
  capabilities: { tools: {} },
  serverInfo: { name: "raw", version: "1" },
};

/** Begins the result of `server/discover` of a plain modern server. */
export const MODERN_RESULT: JsonObject = {
  supportedVersions: ["2026-07-28"],
  capabilities: { tools: {} },
  resultType: "complete",
  ttlMs: 0,
  cacheScope: "private",
  _meta: { "io.modelcontextprotocol/serverInfo": { name: "raw", version: "2" } },
};

/** A legacy server that shakes hands, keeps no stream, and leaves the rest to `handler`. */
export function legacy(handler: Handler, sessionId?: string): Handler {
  return (received, response) => {
    const { method } = received.message;
    if (received.method === "GET") return void response.writeHead(405).end();
    if (received.method === "DELETE") return void response.writeHead(200).end();
    if (method === "server/discover") {
      return json(response, 400, {
        jsonrpc: "2.0",
        id: null,
        error: { code: -32000, message: "Bad Request: initialize first" },
      });
    }
    if (method === "initialize") {
      return result(received, response, LEGACY_RESULT, sessionId === undefined ? {} : { "mcp-session-id": sessionId });
    }
    if (method?.startsWith("notifications/")) return void response.writeHead(202).end();
    return handler(received, response);
  };
}

/** A modern server that announces nothing but tools, and leaves the rest to `handler`. */
export function modern(handler: Handler, discover: JsonObject = MODERN_RESULT): Handler {
  return (received, response) => {
    if (received.message.method === "server/discover") return result(received, response, discover);
    return handler(received, response);
  };
}
