/** What a lean upstream offers and how it speaks; the same for HTTP and stdio. */
export interface LeanOptions {
  /** Protocol eras that it accepts. */
  readonly eras: readonly ("legacy" | "modern")[];
  /** Number of tools it lists besides `echo` and `blob`. */
  readonly extraTools: number;
}

/** A JSON-RPC message as it came from the wire; every field is still a guess. */
export interface LeanMessage {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: {
    readonly name?: string;
    readonly arguments?: { readonly text?: string; readonly seq?: string; readonly bytes?: number };
    readonly protocolVersion?: string;
    readonly _meta?: Readonly<Record<string, unknown>>;
  };
}

/** What the upstream says: the JSON text to send, an HTTP status for the front that has one, and nothing for a notification. */
export interface LeanAnswer {
  readonly status: number;
  readonly body: string | undefined;
  /** True when this answer opened a legacy session. */
  readonly opensSession: boolean;
}

const modernVersion = "2026-07-28";
const versionKey = "io.modelcontextprotocol/protocolVersion";

/** Answers one JSON-RPC message with as little work as a correct MCP server can do. */
export function answerLean(message: LeanMessage, options: LeanOptions): LeanAnswer {
  const { id, method, params } = message;
  if (id === undefined) return { status: 202, body: undefined, opensSession: false };
  const modern = params?._meta?.[versionKey] !== undefined;
  if (modern && !options.eras.includes("modern")) return refuse(id, 400, -32000, "Bad Request: Server not initialized");
  if (!modern && !options.eras.includes("legacy")) {
    return refuse(id, 400, -32022, "Unsupported protocol version", { supported: [modernVersion] });
  }
  const stamp = modern ? `"resultType":"complete",` : "";
  switch (method ?? "(none)") {
    case "tools/call":
      return callTool(id, params, stamp);
    case "initialize":
      return { ...result(id, initializeResult(params?.protocolVersion)), opensSession: true };
    case "server/discover":
      return modern ? result(id, discoverResult()) : refuse(id, 200, -32601, "Method not found: server/discover");
    case "tools/list":
      return result(id, toolList(options.extraTools, modern));
    case "ping":
      return result(id, `{}`);
    default:
      return refuse(id, modern ? 404 : 200, -32601, `Method not found: ${method ?? "(none)"}`);
  }
}

function callTool(id: string | number, params: LeanMessage["params"], stamp: string): LeanAnswer {
  const args = params?.arguments ?? {};
  if (params?.name === "blob") {
    const text = `${args.seq ?? ""}:${blobTail(args.bytes ?? 0)}`;
    return result(id, `{${stamp}"content":[{"type":"text","text":"${text}"}]}`);
  }
  return result(id, `{${stamp}"content":[{"type":"text","text":${JSON.stringify(args.text ?? "")}}]}`);
}

function result(id: string | number, json: string): LeanAnswer {
  return { status: 200, body: `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${json}}`, opensSession: false };
}

function refuse(id: string | number, status: number, code: number, message: string, data?: unknown): LeanAnswer {
  return {
    status,
    body: JSON.stringify({ jsonrpc: "2.0", id, error: { code, message, ...(data === undefined ? {} : { data }) } }),
    opensSession: false,
  };
}

function initializeResult(requested: string | undefined): string {
  return JSON.stringify({
    protocolVersion: requested ?? "2025-11-25",
    capabilities: { tools: {} },
    serverInfo: { name: "lean", version: "1.0.0" },
  });
}

function discoverResult(): string {
  return JSON.stringify({
    resultType: "complete",
    supportedVersions: [modernVersion],
    capabilities: { tools: {} },
    ttlMs: 60_000,
    cacheScope: "public",
    _meta: { "io.modelcontextprotocol/serverInfo": { name: "lean", version: "1.0.0" } },
  });
}

function toolList(extraTools: number, modern: boolean): string {
  const text = { type: "object", properties: { text: { type: "string" } } };
  const tools = [
    { name: "echo", description: "Returns the text it was given.", inputSchema: text },
    { name: "blob", description: "Returns a text of the wanted size.", inputSchema: { type: "object" } },
  ];
  for (let n = 0; n < extraTools; n++) {
    tools.push({ name: `tool_${n}`, description: `Returns the text it was given (${n}).`, inputSchema: text });
  }
  return JSON.stringify({ ...(modern ? { resultType: "complete", ttlMs: 60_000, cacheScope: "public" } : {}), tools });
}

const tails = new Map<number, string>();

/** JSON-escaped filler: lines of 80 characters, so that escapes occur as often as they do in real text. */
function blobTail(bytes: number): string {
  let tail = tails.get(bytes);
  if (tail === undefined) {
    const line = `${'a line of a log file with a \\"quoted\\" word '.padEnd(80, "x")}\\n`;
    tail = line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes);
    // A cut in the middle of an escape would make the JSON invalid.
    if (tail.endsWith("\\")) tail = `${tail.slice(0, -1)}x`;
    tails.set(bytes, tail);
  }
  return tail;
}
