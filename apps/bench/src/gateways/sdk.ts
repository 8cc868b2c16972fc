import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import {
  type NodeIncomingMessageLike,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
} from "@modelcontextprotocol/node";
import { createMcpHandler, Server } from "@modelcontextprotocol/server";
import { announce, exitOnSignals } from "../processes/announce.ts";

// A program: the gateway that one builds from the official SDK, a Server in front and a Client behind.
// Arguments: `http <endpoint>`, or `stdio` and the arguments of `node` for the child.

const [kind, ...rest] = process.argv.slice(2);
const prefix = "lean__";

const client = new Client({ name: "sdk-gateway", version: "1.0.0" }, { versionNegotiation: { mode: "auto" } });
await client.connect(
  kind === "stdio"
    ? new StdioClientTransport({ command: process.execPath, args: rest })
    : new StreamableHTTPClientTransport(new URL(rest[0] ?? "")),
);

function gateway(): Server {
  const server = new Server({ name: "sdk-gateway", version: "1.0.0" }, { capabilities: { tools: {} } });
  server.setRequestHandler("tools/list", async () => {
    const { tools } = await client.listTools();
    return { tools: tools.map((tool) => ({ ...tool, name: prefix + tool.name })) };
  });
  server.setRequestHandler("tools/call", ({ params }) =>
    client.callTool({ name: params.name.slice(prefix.length), arguments: params.arguments ?? {} }),
  );
  return server;
}

// Plain JSON answers are the faster of the two forms that the SDK offers: the reference is shown at its best.
const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
const modern = toNodeHandler(createMcpHandler(gateway));

async function legacy(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const known = sessions.get(String(request.headers["mcp-session-id"]));
  if (known !== undefined) {
    await known.handleRequest(request, response);
    return;
  }
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    enableJsonResponse: true,
    onsessioninitialized: (id) => void sessions.set(id, transport),
  });
  await gateway().connect(transport);
  await transport.handleRequest(request, response);
}

const server = createServer((request, response) => {
  const answered =
    request.headers["mcp-method"] === undefined
      ? legacy(request, response)
      : // node:http's own type; the SDK's description of it does not know exactOptionalPropertyTypes.
        modern(request as NodeIncomingMessageLike, response);
  Promise.resolve(answered).catch((error: unknown) => response.writeHead(500).end(String(error)));
});

server.listen(0, "127.0.0.1", () => announce(server));
exitOnSignals(server, () => void client.close());
