import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  localhostHostValidation,
  localhostOriginValidation,
  type NodeIncomingMessageLike,
  toNodeHandler,
} from "@modelcontextprotocol/node";
import { createMcpHandler } from "@modelcontextprotocol/server";
import { almanacServer } from "./server.ts";

/** A running almanac server. */
export interface Almanac {
  /** URL of its MCP endpoint. */
  readonly url: string;
  close(): void;
}

/** Serves the almanac on a free loopback port, in the modern era of the protocol only. */
export async function startAlmanac(): Promise<Almanac> {
  const handle = toNodeHandler(createMcpHandler(almanacServer, { legacy: "reject" }));
  const [hostIsLocal, originIsLocal] = [localhostHostValidation(), localhostOriginValidation()];
  const http = createServer((request, response) => {
    if (!hostIsLocal(request, response) || !originIsLocal(request, response)) return;
    // The adapter's type lacks `| undefined` on optional fields; its code only reads them.
    handle(request as NodeIncomingMessageLike, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => http.once("error", reject).listen(0, "127.0.0.1", resolve));
  // A TCP server's address is an AddressInfo once it listens.
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    close() {
      http.close();
      http.closeAllConnections();
    },
  };
}
