import { type Dispatcher, request } from "undici";
import type { RpcMessage } from "../harness/wire-client.ts";
import { type Ending, endingOf, LEFT } from "./ledger.ts";

/** Where the gateway is, and the connections to it. */
export interface Gateway {
  /** Its aggregated endpoint. */
  readonly url: string;
  readonly dispatcher: Dispatcher;
}

/** A client of the gateway, of one era. */
export interface SoakClient {
  /** Sends a request to the aggregate; rejects when there is no answer. */
  send(method: string, params: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<RpcMessage>;
  /** Ends it: in good order, or by silence. */
  close(orderly: boolean): Promise<void>;
}

const JSON_HEADERS = { accept: "application/json, text/event-stream", "content-type": "application/json" };
/** Longer than anything may take here; a gateway that does not answer must fail the soak, not hang it. */
const PATIENCE_MS = 60_000;
let lastId = 0;

/** A client of revision 2026-07-28: every request stands alone. */
export function modernClient(gateway: Gateway): SoakClient {
  const own = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": { name: "soak", version: "1.0.0" },
  };
  return {
    send(method, params, signal) {
      const name = typeof params.name === "string" ? { "mcp-name": params.name } : {};
      const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": method, ...name };
      const _meta = { ...own, ...(params._meta as object | undefined) };
      return post(gateway, { method, params: { ...params, _meta } }, headers, signal);
    },
    close: async () => {},
  };
}

/** A client with a session. */
export async function legacyClient(gateway: Gateway): Promise<SoakClient> {
  const clientInfo = { name: "soak", version: "1.0.0" };
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
  const opened = await exchange(gateway, "POST", { method: "initialize", params }, {});
  const session = opened.headers["mcp-session-id"];
  if (typeof session !== "string") throw new Error(`initialize gave no session: ${opened.status} ${opened.text}`);
  const headers = { "mcp-session-id": session, "mcp-protocol-version": "2025-11-25" };
  return {
    send: (method, sent, signal) => post(gateway, { method, params: sent }, headers, signal),
    async close(orderly) {
      if (orderly) await exchange(gateway, "DELETE", undefined, headers);
    },
  };
}

/** How a call ended for its client. `undefined` is an answer that no gateway should give. */
export function endingOfAnswer({ result, error }: RpcMessage): Ending | undefined {
  if (result !== undefined) {
    return result.isError === true ? { status: "error", cause: "tool_error" } : { status: "success" };
  }
  const data = error?.data as { readonly error_type?: unknown } | undefined;
  if (typeof data?.error_type === "string") return endingOf(data.error_type);
  return error === undefined ? undefined : { status: "error", cause: "upstream_error" };
}

/** How the items of a batch ended, in their order. An item that was never begun has no call. */
export function endingsOfBatch({ result }: RpcMessage): readonly (Ending | typeof LEFT | undefined)[] {
  const report = result?.structuredContent as { readonly results?: readonly BatchItem[] } | undefined;
  return (report?.results ?? []).map(({ success, error_type: errorType }) =>
    success ? { status: "success" } : errorType === "cancelled" ? LEFT : endingOf(errorType ?? ""),
  );
}

interface BatchItem {
  readonly success: boolean;
  readonly error_type: string | null;
}

async function post(
  gateway: Gateway,
  message: object,
  headers: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<RpcMessage> {
  const { text } = await exchange(gateway, "POST", message, headers, signal);
  const lines = text.split("\n").filter((line) => line.startsWith("data:"));
  // Of an event stream the last message is the answer.
  const json = lines.length === 0 ? text : (lines.at(-1) ?? "").slice(5);
  return JSON.parse(json) as RpcMessage;
}

async function exchange(
  gateway: Gateway,
  method: "POST" | "DELETE",
  message: object | undefined,
  headers: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly text: string }> {
  lastId += 1;
  const answer = await request(gateway.url, {
    dispatcher: gateway.dispatcher,
    method,
    headers: { ...JSON_HEADERS, ...headers },
    body: message === undefined ? null : JSON.stringify({ jsonrpc: "2.0", id: lastId, ...message }),
    signal: signal ?? null,
    headersTimeout: PATIENCE_MS,
    bodyTimeout: PATIENCE_MS,
  });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}
