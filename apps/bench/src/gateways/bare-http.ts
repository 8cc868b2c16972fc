import { Pool } from "undici";
import { announce, exitOnSignals } from "../processes/announce.ts";
import { bareFront } from "./bare-front.ts";

// A program: the bare relay in front of an HTTP upstream; its only argument is the upstream's endpoint.

const endpoint = new URL(process.argv[2] ?? "");
const pool = new Pool(endpoint.origin, { connections: 128, pipelining: 1 });
const headers: Record<string, string> = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
  "mcp-protocol-version": "2025-11-25",
};

const opened = await pool.request({
  path: endpoint.pathname,
  method: "POST",
  headers,
  body: `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bare","version":"1"}}}`,
});
await opened.body.dump();
const sessionId = opened.headers["mcp-session-id"];
if (typeof sessionId === "string") headers["mcp-session-id"] = sessionId;

const server = bareFront((body, _ownId, onAnswer) => {
  const chunks: Buffer[] = [];
  pool.dispatch(
    { path: endpoint.pathname, method: "POST", headers, body },
    {
      onRequestStart: () => {},
      onResponseStart: () => {},
      onResponseData: (_controller, chunk) => void chunks.push(chunk),
      onResponseEnd: () => onAnswer(chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString()),
      onResponseError: (_controller, error) => onAnswer(error),
    },
  );
});

server.listen(0, "127.0.0.1", () => announce(server));
exitOnSignals(server);
