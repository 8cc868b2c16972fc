/** One mebibyte. */
export const MEGABYTE = 1_048_576;

/** A request that has to be refused: the HTTP status, and the JSON-RPC code where the body has one. */
export interface Refusal {
  readonly name: string;
  readonly body: string | Uint8Array;
  readonly status: number;
  readonly code?: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Sent without a session, which a session would make another error. */
  readonly sessionless?: boolean;
}

/** A well-formed request, for what is wrong outside the body. */
export const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };
const rpc = (message: object): string => JSON.stringify({ jsonrpc: "2.0", id: 1, ...message });

/** Requests that a gateway must refuse, whatever else it does. */
export const REFUSALS: readonly Refusal[] = [
  { name: "an empty body", body: "", status: 400, code: -32_700 },
  { name: "half a JSON text", body: '{"jsonrpc": "2.0", "id": 1', status: 400, code: -32_700 },
  { name: "a text that is not JSON", body: "tools/list please", status: 400, code: -32_700 },
  { name: "invalid UTF-8", body: Buffer.from('7b226a736f6e727063223a22ff"}', "latin1"), status: 400, code: -32_700 },
  { name: "invalid UTF-8 inside a string", body: invalidUtf8(), status: 400, code: -32_700 },
  { name: "a number", body: "42", status: 400, code: -32_600 },
  { name: "null", body: "null", status: 400, code: -32_600 },
  { name: "a string", body: '"tools/list"', status: 400, code: -32_600 },
  { name: "an empty object", body: "{}", status: 400, code: -32_600 },
  { name: "an empty array", body: "[]", status: 400, code: -32_600 },
  { name: "an array of requests", body: JSON.stringify([list, list]), status: 400, code: -32_600 },
  { name: "another JSON-RPC version", body: rpc({ jsonrpc: "1.0", method: "tools/list" }), status: 400, code: -32_600 },
  { name: "a method that is a number", body: rpc({ method: 5 }), status: 400, code: -32_600 },
  { name: "an id that is an object", body: rpc({ id: {}, method: "tools/list" }), status: 400, code: -32_600 },
  { name: "an id that is true", body: rpc({ id: true, method: "tools/list" }), status: 400, code: -32_600 },
  { name: "params that are a string", body: rpc({ method: "tools/list", params: "x" }), status: 400, code: -32_600 },
  {
    name: "params that are an array",
    body: rpc({ method: "tools/call", params: ["own__ok"] }),
    status: 400,
    code: -32_600,
  },
  { name: "nesting of 100 000 arrays", body: nested("[", "]", 100_000), status: 400 },
  { name: "nesting of 100 000 objects", body: nested('{"a":', "}", 100_000), status: 400 },
  {
    name: "another content type",
    body: rpc({ method: "tools/list" }),
    headers: { "content-type": "text/plain" },
    status: 415,
  },
  { name: "a foreign Host", body: rpc({ method: "tools/list" }), headers: { host: "evil.example" }, status: 403 },
  {
    name: "a foreign Host that begins like a local one",
    body: rpc({ method: "tools/list" }),
    headers: { host: "127.0.0.1.evil.example" },
    status: 403,
  },
  { name: "no Host", body: rpc({ method: "tools/list" }), headers: { host: undefined }, status: 400 },
  {
    name: "a foreign Origin",
    body: rpc({ method: "tools/list" }),
    headers: { origin: "https://evil.example" },
    status: 403,
  },
  { name: "the Origin null", body: rpc({ method: "tools/list" }), headers: { origin: "null" }, status: 403 },
  {
    name: "a session id that names a prototype's member",
    body: rpc({ method: "tools/list" }),
    headers: { "mcp-session-id": "__proto__" },
    status: 404,
    sessionless: true,
  },
  {
    name: "a session id of 8 000 characters",
    body: rpc({ method: "tools/list" }),
    headers: { "mcp-session-id": "x".repeat(8_000) },
    status: 404,
    sessionless: true,
  },
  {
    name: "an announced body that is too large",
    body: "{",
    headers: { "content-length": String(64 * MEGABYTE) },
    status: 413,
  },
  { name: "two different lengths", body: "{}", headers: { "content-length": "2\r\ncontent-length: 3" }, status: 400 },
  { name: "a length and chunks at once", body: "0\r\n\r\n", headers: { "transfer-encoding": "chunked" }, status: 400 },
  {
    name: "headers of 64 KB",
    body: rpc({ method: "tools/list" }),
    headers: { "x-large": "x".repeat(65_536) },
    status: 431,
  },
  { name: "10 000 headers", body: rpc({ method: "tools/list" }), headers: manyHeaders(10_000), status: 431 },
];

function invalidUtf8(): Uint8Array {
  const [before, after] = rpc({
    method: "tools/call",
    params: { name: "own__echo", arguments: { text: "HERE" } },
  }).split("HERE");
  return Buffer.concat([Buffer.from(before ?? ""), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from(after ?? "")]);
}

function nested(open: string, close: string, depth: number): string {
  const arguments_ = `${open.repeat(depth)}1${close.repeat(depth)}`;
  return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"own__echo","arguments":{"deep":${arguments_}}}}`;
}

function manyHeaders(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_each, index) => [`x-${index}`, "1"]));
}
