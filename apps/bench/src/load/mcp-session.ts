import { field, type HttpAnswer } from "./answer-reader.ts";
import { openCaller } from "./caller.ts";
import { HttpConnection } from "./http-connection.ts";
import { MessageStream } from "./message-stream.ts";

/** Protocol era that the load generator speaks. */
export type Era = "legacy" | "modern";

/** How a server is spoken to: Streamable HTTP of an era, or the transport of 2024-11-05, HTTP with one stream for all answers. */
export type Dialect = Era | "http+sse";

/** Where calls go and what they carry. */
export interface McpSession {
  readonly baseUrl: string;
  readonly path: string;
  readonly era: Era;
  /** Header lines that every request of this session carries, each ended by CRLF. */
  readonly headerLines: string;
  /** Where answers arrive, if not as answers of the requests. */
  readonly stream?: MessageStream;
}

const legacyVersion = "2025-11-25";
const streamVersion = "2024-11-05";
const modernVersion = "2026-07-28";
const modernMeta =
  `"_meta":{"io.modelcontextprotocol/protocolVersion":"${modernVersion}",` +
  `"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"}}`;

/**
 * Opens an MCP session as a client would: the handshake for the legacy era, nothing for the modern one.
 * @throws Error when the server refuses the handshake.
 */
export async function openSession(baseUrl: string, path: string, dialect: Dialect): Promise<McpSession> {
  if (dialect === "modern") {
    return { baseUrl, path, era: dialect, headerLines: `mcp-protocol-version: ${modernVersion}\r\n` };
  }
  if (dialect === "legacy") return handshake({ baseUrl, path, era: dialect, headerLines: "" }, legacyVersion);
  const stream = await MessageStream.open(baseUrl, path);
  return handshake({ baseUrl, path: stream.endpoint, era: "legacy", headerLines: "", stream }, streamVersion);
}

/** Ends a session, so that a server that keeps something for each does not carry those of earlier turns along. */
export async function endSession(session: McpSession): Promise<void> {
  session.stream?.close();
  if (!session.headerLines.includes("mcp-session-id")) return;
  const connection = await HttpConnection.open(session.baseUrl);
  try {
    // What it answers does not matter: a server may refuse to end sessions.
    await connection.exchange(`${head(session, "", "DELETE")}\r\n`);
  } finally {
    connection.close();
  }
}

async function handshake(bare: McpSession, version: string): Promise<McpSession> {
  const caller = await openCaller(bare);
  try {
    const initialize =
      `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"${version}",` +
      `"capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}`;
    const answer = await caller.exchange(post(bare, initialize), 0);
    if (answer.status !== 200 || !answer.body.includes(`"protocolVersion"`)) throw refused("initialize", answer);
    const id = field(answer.head, "mcp-session-id");
    const headerLines = `mcp-protocol-version: ${version}\r\n${id === undefined ? "" : `mcp-session-id: ${id}\r\n`}`;
    const session: McpSession = { ...bare, headerLines };
    const noted = await caller.notify(post(session, `{"jsonrpc":"2.0","method":"notifications/initialized"}`));
    if (noted.status >= 300) throw refused("notifications/initialized", noted);
    return session;
  } finally {
    caller.close();
  }
}

/** The HTTP request for a JSON-RPC body of this session; extra header lines end in CRLF. */
function post(session: McpSession, body: string, extraHeaderLines = ""): string {
  return `${head(session, extraHeaderLines)}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Writes one request after the other, each with its own number as id and inside its arguments. */
export interface CallWriter {
  /** The whole HTTP request with this number, which has {@link sequenceDigits} digits. */
  request(sequence: number): string;
}

/** Every sequence number has this many digits, so that all requests of a run have the same length. */
export const sequenceDigits = 9;

/** Prepares `tools/call` requests; the arguments are JSON with `$SEQ` where the sequence number belongs. */
export function callWriter(session: McpSession, tool: string, argumentsJson: string): CallWriter {
  const modern = session.era === "modern";
  const body =
    `{"jsonrpc":"2.0","id":$SEQ,"method":"tools/call",` +
    `"params":{"name":"${tool}","arguments":${argumentsJson}${modern ? `,${modernMeta}` : ""}}}`;
  const parts = post(
    session,
    body.replaceAll("$SEQ", "0".repeat(sequenceDigits)),
    modern ? `mcp-method: tools/call\r\nmcp-name: ${tool}\r\n` : "",
  );
  const headLength = parts.indexOf("\r\n\r\n") + 4;
  const pieces = body.split("$SEQ");
  const start = parts.slice(0, headLength);
  return { request: (sequence) => start + pieces.join(String(sequence)) };
}

function head(session: McpSession, extra: string, method = "POST"): string {
  return (
    `${method} ${session.path} HTTP/1.1\r\nhost: ${new URL(session.baseUrl).host}\r\n` +
    `content-type: application/json\r\naccept: application/json, text/event-stream\r\n${session.headerLines}${extra}`
  );
}

function refused(method: string, answer: HttpAnswer): Error {
  return new Error(`${method} was answered with HTTP ${answer.status}: ${answer.body.slice(0, 300)}`);
}
