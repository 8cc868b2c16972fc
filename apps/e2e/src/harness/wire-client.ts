/** A JSON-RPC answer as it came over the wire. */
export interface RpcAnswer {
  /** HTTP status of the response that carried it. */
  readonly status: number;
  readonly headers: Headers;
  /** The last message: the response, unless the stream broke off. */
  readonly message: RpcMessage;
  /** Notifications and server requests that came before it on an event stream. */
  readonly before: readonly RpcMessage[];
}

/** Any JSON-RPC message. */
export interface RpcMessage {
  readonly jsonrpc?: string;
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** A legacy session over Streamable HTTP whose every byte the test decides. */
export interface LegacySession {
  readonly id: string;
  request(method: string, params?: object, options?: RequestOptions): Promise<RpcAnswer>;
  notify(method: string, params?: object): Promise<number>;
  /** Opens the stream of the session. */
  listen(): Promise<HeardStream>;
  /** Ends the session; resolves to the status. */
  end(): Promise<number>;
}

/** An event stream; disposing leaves it. */
export interface HeardStream extends AsyncDisposable {
  /** Everything that came, as text. */
  heard(): string;
}

/** Options of one request. */
export interface RequestOptions {
  readonly id?: string | number;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

const ACCEPT = { accept: "application/json, text/event-stream", "content-type": "application/json" };
const LEGACY_VERSION = "2025-11-25";
const MODERN_VERSION = "2026-07-28";
/** How long an answer may take, in ms; costs nothing when it comes. */
const ANSWER_DEADLINE_MS = 60_000;
let lastId = 0;

/** Initialises a legacy session, with `own` headers in every request. Throws when the server gives no session id. */
export async function openLegacySession(
  url: string,
  capabilities: object = {},
  own: Readonly<Record<string, string>> = {},
): Promise<LegacySession> {
  const clientInfo = { name: "hangar-e2e-wire", version: "1.0.0" };
  const params = { protocolVersion: LEGACY_VERSION, capabilities, clientInfo };
  const opened = await post(url, { jsonrpc: "2.0", id: "initialize", method: "initialize", params }, { headers: own });
  const id = opened.headers.get("mcp-session-id");
  if (id === null) throw new Error(`initialize gave no session id: ${opened.status} ${JSON.stringify(opened.message)}`);
  const headers = { ...own, "mcp-session-id": id, "mcp-protocol-version": LEGACY_VERSION };
  const session: LegacySession = {
    id,
    async listen() {
      const left = new AbortController();
      const init = { headers: { ...headers, accept: "text/event-stream" }, signal: left.signal };
      const { status, body } = await fetch(url, init);
      if (status !== 200 || body === null) throw new Error(`no stream: ${status}`);
      return hear(body, left);
    },
    async end() {
      const response = await fetch(url, { method: "DELETE", headers });
      await response.arrayBuffer();
      return response.status;
    },
    request: (method, requestParams = {}, { id: requestId = nextId(), ...options } = {}) =>
      post(
        url,
        { jsonrpc: "2.0", id: requestId, method, params: requestParams },
        { ...options, headers: { ...headers, ...options.headers } },
      ),
    async notify(method, notifyParams = {}) {
      const body = JSON.stringify({ jsonrpc: "2.0", method, params: notifyParams });
      const response = await fetch(url, { method: "POST", headers: { ...ACCEPT, ...headers }, body });
      await response.arrayBuffer();
      return response.status;
    },
  };
  await session.notify("notifications/initialized");
  return session;
}

/** Sends one stateless request of the modern era. */
export function modernRequest(
  url: string,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  options: RequestOptions = {},
): Promise<RpcAnswer> {
  const modern = modernHead(method, params);
  const { id = nextId() } = options;
  const headers = { ...modern.headers, ...options.headers };
  return post(url, { jsonrpc: "2.0", id, method, params: modern.params }, { ...options, headers });
}

/** What a request of the modern era says of itself, in its parameters and its headers. */
export function modernHead(
  method: string,
  params: Readonly<Record<string, unknown>>,
): { readonly params: object; readonly headers: Readonly<Record<string, string>> } {
  const name = params.name ?? params.uri;
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": { name: "hangar-e2e-wire", version: "1.0.0" },
    ...(params._meta as object | undefined),
  };
  const headers = {
    "mcp-protocol-version": MODERN_VERSION,
    "mcp-method": method,
    ...(typeof name === "string" && { "mcp-name": name }),
  };
  return { params: { ...params, _meta }, headers };
}

/** Subscribes to changes in the modern era, and leaves when the subscription has begun or is refused. */
export async function listenBriefly(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  await using _stream = await listenForTools(url, headers);
}

/** Subscribes to changes of the list of tools in the modern era. Resolves when the subscription has begun or is refused. */
export async function listenForTools(url: string, headers: Readonly<Record<string, string>>): Promise<HeardStream> {
  const left = new AbortController();
  const method = "subscriptions/listen";
  const { params, headers: modern } = modernHead(method, { notifications: { toolsListChanged: true } });
  const response = await fetch(url, {
    method: "POST",
    headers: { ...ACCEPT, ...headers, ...modern },
    body: JSON.stringify({ jsonrpc: "2.0", id: nextId(), method, params }),
    signal: left.signal,
  });
  // The gateway says at once that it has begun.
  const begun = Promise.withResolvers<void>();
  const stream = hear(response.body, left, begun.resolve);
  await begun.promise;
  return stream;
}

/** Reads a stream until it is left; `onText` is called with the first text, and at the end. */
function hear(
  body: ReadableStream<Uint8Array> | null,
  left: AbortController,
  onText: () => void = () => {},
): HeardStream {
  let heard = "";
  const reading = (async () => {
    for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      heard += text;
      onText();
    }
  })()
    .catch(() => {})
    .finally(onText);
  return {
    heard: () => heard,
    async [Symbol.asyncDispose]() {
      left.abort();
      await reading;
    },
  };
}

/** Posts a message and reads its answer, JSON or event stream. */
export async function post(url: string, body: unknown, { headers, signal }: RequestOptions = {}): Promise<RpcAnswer> {
  const response = await fetch(url, {
    method: "POST",
    headers: { ...ACCEPT, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
    signal: signal ?? AbortSignal.timeout(ANSWER_DEADLINE_MS),
  });
  const text = await response.text();
  const messages = response.headers.get("content-type")?.startsWith("text/event-stream")
    ? parseEventStream(text)
    : [parseMessage(text)];
  return {
    status: response.status,
    headers: response.headers,
    message: messages.at(-1) ?? {},
    before: messages.slice(0, -1),
  };
}

/** Names in the answer of a list method. Throws when the answer is anything else. */
export function namesIn({ result, error }: RpcMessage, list: "tools" | "prompts" | "resources"): readonly string[] {
  const entries = result?.[list];
  if (!Array.isArray(entries)) throw new Error(`not a list of ${list}: ${JSON.stringify(error ?? result)}`);
  return (entries as { name: string }[]).map(({ name }) => name);
}

/** Text of the first content block of a tool's result. Throws when the answer is anything else. */
export function textOf({ result, error }: RpcMessage): string {
  const [first] = Array.isArray(result?.content) ? (result.content as { text?: unknown }[]) : [];
  if (typeof first?.text === "string") return first.text;
  throw new Error(`not a text result: ${JSON.stringify(error ?? result)}`);
}

/** The JSON messages of an event stream; comments and empty priming events are left out. */
function parseEventStream(text: string): readonly RpcMessage[] {
  return text
    .split(/\r?\n\r?\n/)
    .map((event) =>
      event
        .split(/\r?\n/)
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.slice(5).trimStart())
        .join("\n"),
    )
    .filter((data) => data !== "")
    .map(parseMessage);
}

function parseMessage(text: string): RpcMessage {
  try {
    return JSON.parse(text) as RpcMessage;
  } catch (cause) {
    throw new Error(`the answer is not JSON: ${text.slice(0, 200)}`, { cause });
  }
}

function nextId(): number {
  lastId += 1;
  return lastId;
}
