import { type IncomingMessage, request } from "node:http";

/** A request of which the client leaves before its end. */
export interface LeftRequest {
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** Leaves when the head of the answer has come, or after so many ms when no answer comes. */
  readonly leave: "at the head" | number;
}

const ACCEPT = { accept: "application/json, text/event-stream", "content-type": "application/json" };

/** Sends a request on a connection of its own and destroys that. Resolves to the status, 0 when none had come. */
export function sendAndLeave(url: string, { method, headers, body, leave }: LeftRequest): Promise<number> {
  return new Promise((resolve) => {
    let status = 0;
    const sent = request(url, { method, agent: false, headers: { ...ACCEPT, ...headers } });
    sent.on("error", () => {});
    sent.once("close", () => resolve(status));
    sent.once("response", (response: IncomingMessage) => {
      status = response.statusCode ?? 0;
      response.on("error", () => {});
      if (leave === "at the head") sent.destroy();
    });
    sent.end(body === undefined ? undefined : JSON.stringify({ jsonrpc: "2.0", id: 1, ...body }));
    if (leave !== "at the head") setTimeout(() => sent.destroy(), leave);
  });
}

/** A request of revision 2026-07-28, which stands alone. */
export function modern(method: string, params: object, leave: LeftRequest["leave"], name?: string): LeftRequest {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const named = name === undefined ? {} : { "mcp-name": name };
  return {
    method: "POST",
    headers: { "mcp-protocol-version": "2026-07-28", "mcp-method": method, ...named },
    body: { method, params: { ...params, _meta } },
    leave,
  };
}
