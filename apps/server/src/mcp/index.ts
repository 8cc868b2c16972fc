import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable, Writable } from "node:stream";
import type { Caller, SessionEndReason } from "@mcp-hangar/telemetry";
import type { Exchange } from "../http/traffic.ts";
import { Endpoint, type EndpointOptions } from "./endpoint.ts";
import { HttpEndpoint } from "./http-endpoint.ts";
import type { ToldRefusal } from "./http-refusals.ts";
import { StdioEndpoint } from "./stdio-endpoint.ts";

export type { EndpointOptions } from "./endpoint.ts";

/** One MCP endpoint: the aggregate of all servers, or a single server, over HTTP and stdio, in both protocol eras. */
export interface McpFace {
  /** Answers one HTTP request whose body was read, and counted by `exchange` if there is one; never throws. */
  handleHttp(
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    caller?: Caller,
    exchange?: Exchange,
  ): void;
  /** The same for a request over HTTP+SSE: a GET opens a stream, a POST brings a message for one. */
  readonly handleSse: McpFace["handleHttp"];
  /** Has it recorded that a request over HTTP was refused before this was asked; it is answered elsewhere. */
  tellRefused(request: IncomingMessage, caller: Caller, refusal: ToldRefusal): void;
  /** Has it recorded what was asked of a server that does not exist: a call as one of an unknown tool. It is answered elsewhere. */
  tellUnknownServer(
    request: IncomingMessage,
    caller: Caller,
    asked: { readonly server: string; readonly body: Buffer; readonly message: string },
  ): void;
  /** Serves the client at the other end of the pipes until it closes its end. */
  serveStdio(input: Readable, output: Writable): Promise<void>;
  /** Notes what its clients see; the function that it gives tells those for whom their rights, or the management, show other things by then. */
  watchLists(): () => void;
  /** Answers all that still runs, and what comes from now on, with the end of the gateway. */
  interrupt(): void;
  /** Ends sessions and streams; records say why, by default because the gateway ends. */
  close(reason?: SessionEndReason): Promise<void>;
}

export function createMcpFace(options: EndpointOptions): McpFace {
  const endpoint = new Endpoint(options);
  const http = new HttpEndpoint(endpoint);
  let stdio: StdioEndpoint | undefined;
  return {
    handleHttp: (request, response, body, caller, exchange) => http.handle(request, response, body, caller, exchange),
    handleSse: (request, response, body, caller, exchange) =>
      http.sse.handle(request, response, body, caller, exchange),
    tellRefused: (request, caller, refusal) => http.refusals.tell(request, caller, refusal),
    tellUnknownServer: (request, caller, asked) => http.refusals.tellUnknownServer(request, caller, asked),
    serveStdio(input, output) {
      stdio = new StdioEndpoint(endpoint, output);
      return stdio.serve(input);
    },
    watchLists: () => endpoint.watchLists(),
    interrupt() {
      http.interrupt();
      stdio?.interrupt();
    },
    close: async (reason) => endpoint.close(reason),
  };
}
