import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { HTTP_QUIRKS, type HttpQuirk } from "./http-quirks.ts";
import { type Era, TOOL, usualResult } from "./strange-messages.ts";

/** Servers on one port, one for each era and quirk. */
export interface StrangeHttpServer extends AsyncDisposable {
  url(era: Era, quirk: number): string;
}

/** What a server remembers of the stream of a session. */
interface SessionStream {
  readonly session: string;
  open: ServerResponse | undefined;
  waiting: string;
}

/** Starts them on loopback. */
export async function startStrangeHttpServer(): Promise<StrangeHttpServer> {
  const streams = new Map<string, SessionStream>();
  const server = createServer((request, response) => {
    const [, era = "", index = ""] = request.url?.split("/") ?? [];
    const quirk = HTTP_QUIRKS[Number(index)];
    if (quirk === undefined || (era !== "legacy" && era !== "modern")) return void response.writeHead(404).end();
    const key = `${era}/${index}`;
    const session = String(request.headers["mcp-session-id"] ?? randomUUID());
    const stream = streams.get(session) ?? { session, open: undefined, waiting: "" };
    if (quirk.streams) streams.set(session, stream);
    let text = "";
    request.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
    });
    request.on("end", () => answer({ era, quirk, stream }, text, request, movedBelow(key, response)));
  });
  server.on("connection", (socket) => socket.on("error", () => undefined));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A TCP server's address is an AddressInfo once it listens.
  const { port } = server.address() as AddressInfo;
  return {
    url: (era, quirk) => `http://127.0.0.1:${port}/${era}/${quirk}/mcp`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Quirks name the place that they redirect to without knowing where their server is. */
function movedBelow(key: string, response: ServerResponse): ServerResponse {
  const writeHead = response.writeHead.bind(response);
  return Object.assign(response, {
    writeHead(status: number, headers: Record<string, string> = {}) {
      return writeHead(
        status,
        headers.location === undefined ? headers : { ...headers, location: `/${key}${headers.location}` },
      );
    },
  });
}

function answer(
  { era, quirk, stream }: { era: Era; quirk: HttpQuirk; stream: SessionStream },
  text: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const asked = (id: unknown, result: string): Parameters<HttpQuirk["answer"]>[0] => ({
    answer: result,
    id,
    request,
    response,
    onStream(event) {
      if (stream.open === undefined) stream.waiting += event;
      else stream.open.write(event);
    },
  });
  if (request.method === "GET") {
    if (quirk.at === "stream") quirk.answer(asked(undefined, ""));
    else if (!quirk.streams) response.writeHead(405).end();
    else {
      stream.open = response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`: open\n\n${stream.waiting}`);
      stream.waiting = "";
      response.on("close", () => {
        if (stream.open === response) stream.open = undefined;
      });
    }
    return;
  }
  if (request.method !== "POST") return void response.writeHead(405).end();
  const message = JSON.parse(text) as { id?: unknown; method?: unknown };
  if (message.id === undefined) {
    if (quirk.at === "initialized") quirk.answer(asked(undefined, ""));
    else response.writeHead(202).end();
    return;
  }
  if (quirk.streams && message.method === "initialize") response.setHeader("mcp-session-id", stream.session);
  const result = usualResult(era, message.method, [TOOL]);
  const error = { code: -32_601, message: "Method not found" };
  const whole = JSON.stringify({ jsonrpc: "2.0", id: message.id, ...(result === undefined ? { error } : { result }) });
  const isStrange = quirk.at === "all" || (quirk.at ?? "tools/call") === message.method;
  if (isStrange && result !== undefined) quirk.answer(asked(message.id, whole));
  else
    response
      .writeHead(result === undefined && era === "modern" ? 404 : 200, { "content-type": "application/json" })
      .end(whole);
}
