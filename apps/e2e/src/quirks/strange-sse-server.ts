import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { SSE_QUIRKS, type SseQuirk } from "./sse-quirks.ts";
import { TOOL, usualResult } from "./strange-messages.ts";

/** Servers on one port, one for each quirk of HTTP+SSE. */
export interface StrangeSseServer extends AsyncDisposable {
  url(quirk: number): string;
}

/** Starts them on loopback. */
export async function startStrangeSseServer(): Promise<StrangeSseServer> {
  const streams: ServerResponse[] = [];
  const server = createServer((request, response) => void answer(request, response, streams));
  server.on("connection", (socket) => socket.on("error", () => undefined));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A TCP server's address is an AddressInfo once it listens.
  const { port } = server.address() as AddressInfo;
  return {
    url: (quirk) => `http://127.0.0.1:${port}/${quirk}/sse`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, streams: ServerResponse[]): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
  const [, index = "", place] = pathname.split("/");
  const quirk = SSE_QUIRKS[Number(index)];
  if (quirk === undefined) return void response.writeHead(404).end();
  if (request.method === "GET" && place === "sse") {
    const path = `/${index}/messages?session=${streams.push(response) - 1}`;
    response.writeHead(200, { "content-type": "text/event-stream" });
    if (quirk.open === undefined) response.write(`event: endpoint\ndata: ${path}\n\n`);
    else quirk.open(response, path);
    return;
  }
  if (request.method !== "POST") return void response.writeHead(405).end();
  const body = await text(request);
  const stream = streams[Number(searchParams.get("session") ?? Number.NaN)];
  if (place !== "messages" || stream === undefined) return void response.writeHead(quirk.post ?? 405).end();
  take(quirk, JSON.parse(body) as { id?: unknown; method?: unknown }, response, stream);
}

function take(
  quirk: SseQuirk,
  { id, method }: { readonly id?: unknown; readonly method?: unknown },
  response: ServerResponse,
  stream: ServerResponse,
): void {
  if (id === undefined) return void response.writeHead(202).end("Accepted");
  const result = usualResult("legacy", method, [TOOL]);
  const error = { code: -32_601, message: "Method not found" };
  const whole = JSON.stringify({ jsonrpc: "2.0", id, ...(result === undefined ? { error } : { result }) });
  const isStrange = quirk.at === "all" || (quirk.at === undefined && method === "tools/call");
  if (isStrange && quirk.answer !== undefined) return quirk.answer({ answer: whole, id, response, stream });
  response.writeHead(202).end("Accepted");
  stream.write(`event: message\ndata: ${whole}\n\n`);
}
