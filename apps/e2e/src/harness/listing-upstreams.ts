import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

type Lists = Readonly<Record<string, readonly unknown[]>>;

/** Upstreams that answer lists and nothing else, one at each path of one listener. Disposing stops them. */
export interface ListingUpstreams extends AsyncDisposable {
  endpoint(server: string): string;
}

const CAPABILITIES = { tools: {}, prompts: {}, resources: {} };

/** Starts upstreams with the given lists by method, of the era that the name of the server begins with. */
export async function startListingUpstreams(servers: Readonly<Record<string, Lists>>): Promise<ListingUpstreams> {
  const listener = createServer((request, response) => {
    if (request.method !== "POST") return void response.writeHead(405).end();
    const name = request.url?.slice(1) ?? "";
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { id, method } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
      if (id === undefined) return void response.writeHead(202).end();
      const answer = answerOf(method, name, servers[name] ?? {});
      const text = JSON.stringify({ jsonrpc: "2.0", id, ...answer });
      response.writeHead(200, { "content-type": "application/json" }).end(text);
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  // A TCP server's address is an AddressInfo once it listens.
  const { port } = listener.address() as AddressInfo;
  return {
    endpoint: (server) => `http://127.0.0.1:${port}/${server}`,
    async [Symbol.asyncDispose]() {
      listener.closeAllConnections();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function answerOf(method: string, name: string, lists: Lists): Readonly<Record<string, unknown>> {
  const modern = name.startsWith("modern");
  const items = lists[method];
  if (items !== undefined) return { result: { ...(modern && MODERN), [keyOf(method)]: items } };
  if (method === "initialize" && !modern) {
    const serverInfo = { name, version: "1" };
    return { result: { protocolVersion: "2025-11-25", capabilities: CAPABILITIES, serverInfo } };
  }
  if (method === "server/discover" && modern) {
    return { result: { ...MODERN, supportedVersions: ["2026-07-28"], capabilities: CAPABILITIES } };
  }
  return method === "ping" ? { result: {} } : { error: { code: -32601, message: `no ${method}` } };
}

const MODERN = { resultType: "complete", ttlMs: 0, cacheScope: "private" };

function keyOf(method: string): string {
  return method === "resources/templates/list" ? "resourceTemplates" : method.slice(0, method.indexOf("/"));
}
