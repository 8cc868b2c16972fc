import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { parseArgs } from "node:util";
import { announce, exitOnSignals } from "../processes/announce.ts";
import { answerLean, type LeanMessage } from "./lean-answers.ts";

// A program: the lean MCP server over Streamable HTTP, at every path that starts with /mcp.

const { values } = parseArgs({
  options: {
    eras: { type: "string", default: "legacy" },
    session: { type: "boolean", default: false },
    sse: { type: "boolean", default: false },
    "extra-tools": { type: "string", default: "0" },
    "mute-calls": { type: "boolean", default: false },
  },
});

const options = {
  eras: values.eras.split(",").map((era) => (era === "modern" ? ("modern" as const) : ("legacy" as const))),
  extraTools: Number(values["extra-tools"]),
};
const sessions = new Set<string>();

const server = createServer((request, response) => {
  if (request.method === "DELETE" && values.session) {
    sessions.delete(String(request.headers["mcp-session-id"]));
    response.writeHead(200).end();
    return;
  }
  if (request.method !== "POST" || !request.url?.startsWith("/mcp")) {
    response.writeHead(request.url?.startsWith("/mcp") ? 405 : 404).end();
    return;
  }
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => answer(request, response, chunks));
});

function answer(request: IncomingMessage, response: ServerResponse, chunks: readonly Buffer[]): void {
  const text = chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString();
  // The bench is the only client; a body that is not JSON is a defect of the gateway and may end this process.
  const message = JSON.parse(text) as LeanMessage;
  if (values["mute-calls"] && message.method === "tools/call") return;
  const said = answerLean(message, options);
  const headers: Record<string, string | number> = {};
  if (values.session && said.opensSession) {
    const id = randomUUID();
    sessions.add(id);
    headers["mcp-session-id"] = id;
  } else if (values.session && !knows(request)) {
    response.writeHead(404).end();
    return;
  }
  if (said.body === undefined) {
    response.writeHead(said.status, headers).end();
    return;
  }
  const body = values.sse ? `event: message\ndata: ${said.body}\n\n` : said.body;
  headers["content-type"] = values.sse ? "text/event-stream" : "application/json";
  headers["content-length"] = Buffer.byteLength(body);
  response.writeHead(said.status, headers).end(body);
}

function knows(request: IncomingMessage): boolean {
  return sessions.has(String(request.headers["mcp-session-id"])) || request.headers["mcp-method"] !== undefined;
}

server.keepAliveTimeout = 120_000;
server.listen(0, "127.0.0.1", () => announce(server));
exitOnSignals(server);
