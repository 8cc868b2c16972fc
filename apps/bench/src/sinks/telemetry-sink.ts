import { createServer, type ServerResponse } from "node:http";
import { parseArgs } from "node:util";
import { announce, exitOnSignals } from "../processes/announce.ts";

// A program: takes whatever exporters send over HTTP, looks at none of it, and does as `--behaviour` says.

const { values } = parseArgs({ options: { behaviour: { type: "string", default: "accept" } } });

/** What Langfuse answers who asks whether the keys are accepted; an empty answer says the same to an exporter of OTLP. */
const PROJECTS = '{"data":[{"id":"bench","name":"bench"}]}';
let requests = 0;
let bytes = 0;

const server = createServer((request, response) => {
  if (request.url === "/received") {
    response.end(JSON.stringify({ requests, bytes }));
    return;
  }
  requests += 1;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on("end", () => answer(request.method === "GET", request.headers["content-type"] ?? "", response));
});

function answer(asks: boolean, contentType: string, response: ServerResponse): void {
  if (values.behaviour === "hang") return;
  if (values.behaviour === "unavailable") {
    response.writeHead(503).end();
    return;
  }
  // The answer has the type of the request; without a byte it is an empty message of protocol buffers.
  if (contentType === "application/x-protobuf") response.writeHead(200, { "content-type": contentType }).end();
  else response.writeHead(200, { "content-type": "application/json" }).end(asks ? PROJECTS : "{}");
}

server.keepAliveTimeout = 120_000;
server.listen(0, "127.0.0.1", () => announce(server));
exitOnSignals(server);
