import { createServer } from "node:http";
import { announce, exitOnSignals } from "../processes/announce.ts";

// A program: a JSON relay as anybody writes it, with what the documentation of Node.js shows: `node:http` in front, `fetch` behind, and
// JSON parsed and written on both ways. Its only argument is the upstream's endpoint.

const endpoint = process.argv[2] ?? "";
const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const prefix = "lean__";
let nextId = 1;

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => {
    body += chunk;
  });
  request.on("end", () => {
    relay(body).then(
      (text) => response.writeHead(text === undefined ? 202 : 200, { "content-type": "application/json" }).end(text),
      (error: unknown) => response.writeHead(502).end(String(error)),
    );
  });
});

/** Sends a request on under an id of the relay's own and returns the answer with the client's; `undefined` for a notification. */
async function relay(body: string): Promise<string | undefined> {
  // The bench is the only client; the relay has no features, and refusing bad input would be one.
  const message = JSON.parse(body) as { id?: string | number; params?: { name?: string } };
  const { id, params } = message;
  if (params?.name?.startsWith(prefix)) params.name = params.name.slice(prefix.length);
  if (id !== undefined) message.id = nextId++;
  const answer = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify(message) });
  if (id === undefined) {
    await answer.text();
    return undefined;
  }
  const result = (await answer.json()) as object;
  return JSON.stringify({ ...result, id });
}

server.listen(0, "127.0.0.1", () => announce(server));
exitOnSignals(server);
