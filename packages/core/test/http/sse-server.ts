import type { ServerResponse } from "node:http";
import type { JsonObject } from "../../src/protocol/json-rpc.ts";
import { event, events, type Handler, LEGACY_RESULT, type RawServer, type Received, rawServer } from "./raw-server.ts";

/** How a server that speaks HTTP+SSE answers. Whatever is absent is as usual. */
export interface SseBehaviour {
  /** Data of the event `endpoint`; `undefined` writes none. */
  readonly endpoint?: ((stream: number) => string | undefined) | undefined;
  /** Answers a POST on the path of the stream; 405 when absent. */
  readonly onPost?: Handler | undefined;
  /** Takes a message but for those of the handshake; usually `202 Accepted`. */
  readonly onMessage?: ((received: Received, response: ServerResponse, stream: ServerResponse) => void) | undefined;
}

/** A server on loopback that speaks HTTP+SSE only. */
export interface SseServer extends RawServer {
  /** Every stream that was opened, the newest last. */
  readonly streams: readonly ServerResponse[];
}

/** One message as an event. */
export const said = (message: JsonObject): string => `event: message\n${event(message)}`;

/** Starts one that is stopped when the test ends. */
export async function sseServer({ endpoint, onPost, onMessage }: SseBehaviour = {}): Promise<SseServer> {
  const streams: ServerResponse[] = [];
  const server = await rawServer((received, response) => {
    const url = new URL(received.path, "http://localhost");
    if (received.method === "GET") {
      const number = streams.push(events(response)) - 1;
      const data = endpoint === undefined ? `/messages?session=${number}` : endpoint(number);
      if (data !== undefined) response.write(`event: endpoint\ndata: ${data}\n\n`);
      return;
    }
    if (url.pathname !== "/messages") {
      if (onPost !== undefined) return onPost(received, response);
      return void response.writeHead(405).end();
    }
    const stream = streams[Number(url.searchParams.get("session"))];
    if (stream === undefined || stream.destroyed) return void response.writeHead(404).end("no such session");
    const { id, method } = received.message;
    if (method === "initialize") {
      response.writeHead(202).end("Accepted");
      stream.write(said({ id: id ?? null, result: { ...LEGACY_RESULT, protocolVersion: "2024-11-05" } }));
    } else if (method === "notifications/initialized" || onMessage === undefined) {
      response.writeHead(202).end("Accepted");
    } else onMessage(received, response, stream);
  });
  return { ...server, url: server.url.replace("/mcp", "/sse"), streams };
}
