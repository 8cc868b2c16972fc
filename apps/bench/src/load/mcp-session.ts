import { field, type HttpAnswer } from "./answer-reader.ts";
import { HttpConnection } from "./http-connection.ts";

/** Protocol era that the load generator speaks. */
export type Era = "legacy" | "modern";

/** Where calls go and what they carry. */
export interface McpSession {
  readonly baseUrl: string;
  readonly path: string;
  readonly era: Era;
  /** Header lines that every request of this session carries, each ended by CRLF. */
  readonly headerLines: string;
}

const legacyVersion = "2025-11-25";
const modernVersion = "2026-07-28";
const modernMeta =
  `"_meta":{"io.modelcontextprotocol/protocolVersion":"${modernVersion}",` +
  `"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"}}`;

/**
 * Opens an MCP session as a client would: the handshake for the legacy era, nothing for the modern one.
 * @throws Error when the server refuses the handshake.
 */
export async function openSession(baseUrl: string, path: string, era: Era): Promise<McpSession> {
  if (era === "modern") return { baseUrl, path, era, headerLines: `mcp-protocol-version: ${modernVersion}\r\n` };
  const connection = await HttpConnection.open(baseUrl);
  try {
    const bare: McpSession = { baseUrl, path, era, headerLines: "" };
    const answer = await connection.exchange(
      post(
        bare,
        `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"${legacyVersion}",` +
          `"capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}`,
      ),
    );
    if (answer.status !== 200 || !answer.body.includes(`"protocolVersion"`)) throw refused("initialize", answer);
    const id = field(answer.head, "mcp-session-id");
    const headerLines = `mcp-protocol-version: ${legacyVersion}\r\n${id === undefined ? "" : `mcp-session-id: ${id}\r\n`}`;
    const session: McpSession = { ...bare, headerLines };
    const noted = await connection.exchange(post(session, `{"jsonrpc":"2.0","method":"notifications/initialized"}`));
    if (noted.status >= 300) throw refused("notifications/initialized", noted);
    return session;
  } finally {
    connection.close();
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

function head(session: McpSession, extra: string): string {
  return (
    `POST ${session.path} HTTP/1.1\r\nhost: ${new URL(session.baseUrl).host}\r\n` +
    `content-type: application/json\r\naccept: application/json, text/event-stream\r\n${session.headerLines}${extra}`
  );
}

function refused(method: string, answer: HttpAnswer): Error {
  return new Error(`${method} was answered with HTTP ${answer.status}: ${answer.body.slice(0, 300)}`);
}
