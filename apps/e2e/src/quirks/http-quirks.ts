import type { IncomingMessage, ServerResponse } from "node:http";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import type { Era } from "./strange-messages.ts";

/** One request that a strange server answers. */
export interface Asked {
  /** What a usual server would answer, as JSON text. */
  readonly answer: string;
  readonly id: unknown;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Writes to the stream of the session (GET), now or once it stands. */
  readonly onStream: (text: string) => void;
}

/** One way in which a server over HTTP differs from what the specification or common sense say. */
export interface HttpQuirk {
  readonly name: string;
  /** What is answered so: calls unless told. */
  readonly at?: "initialize" | "initialized" | "stream" | "tools/list" | "all";
  readonly answer: (asked: Asked) => void;
  /** In which eras it can occur; in both unless told. */
  readonly era?: Era;
  /** Whether an official client waits in vain, so that it is given less time. */
  readonly silent?: boolean;
  /** Whether the server keeps sessions with a stream of their own. */
  readonly streams?: boolean;
  /** How often the tool is called; once unless told. */
  readonly calls?: number;
  /** What official clients make of it, where that is not the same each time. */
  readonly unsteady?: string;
  /** Why it does not work behind the gateway although it does without, where that is on purpose. */
  readonly why?: string;
}

const JSON_TYPE = { "content-type": "application/json" };
const EVENTS = { "content-type": "text/event-stream" };
/** Long enough that what was written before leaves in a packet of its own. */
const APART_MS = 20;

const body =
  (write: (answer: string, id: unknown) => string | Buffer, headers: Record<string, string> = JSON_TYPE) =>
  ({ answer, id, response }: Asked): void =>
    void response.writeHead(200, headers).end(write(answer, id));

/** An event stream that says something first. */
const behind =
  (before: string) =>
  ({ answer, response }: Asked): void => {
    response.writeHead(200, EVENTS).write(before);
    setTimeout(() => response.end(`data: ${answer}\n\n`), APART_MS);
  };

const status =
  (code: number, type?: string, text?: string) =>
  ({ response }: Asked): void =>
    void response.writeHead(code, type === undefined ? {} : { "content-type": type }).end(text);

const moved =
  (code: number, location: string) =>
  ({ answer, request, response }: Asked): void => {
    if (request.url?.endsWith("moved")) response.writeHead(200, JSON_TYPE).end(answer);
    else response.writeHead(code, { location }).end("moved");
  };

const list = (change: (result: Record<string, unknown>) => unknown): HttpQuirk["answer"] =>
  body((answer) => {
    const message = JSON.parse(answer) as { result: Record<string, unknown> };
    return JSON.stringify({ ...message, result: change(message.result) });
  });

const CALLS: readonly HttpQuirk[] = [
  { name: "nothing strange", answer: body((answer) => answer) },
  {
    name: "a charset in the content type",
    answer: body((a) => a, { "content-type": "application/json; charset=utf-8" }),
  },
  { name: "a content type in capitals", answer: body((a) => a, { "content-type": "Application/JSON" }) },
  { name: "no content type", answer: body((a) => a, {}) },
  { name: "the content type text/plain", answer: body((a) => a, { "content-type": "text/plain" }) },
  { name: "status 201", answer: ({ answer, response }) => void response.writeHead(201, JSON_TYPE).end(answer) },
  { name: "gzip", answer: body((answer) => gzipSync(answer), { ...JSON_TYPE, "content-encoding": "gzip" }) },
  { name: "deflate", answer: body((answer) => deflateSync(answer), { ...JSON_TYPE, "content-encoding": "deflate" }) },
  { name: "br", answer: body((answer) => brotliCompressSync(answer), { ...JSON_TYPE, "content-encoding": "br" }) },
  { name: "a byte order mark", answer: body((answer) => `\ufeff${answer}`) },
  { name: "spaces around the JSON", answer: body((answer) => `\n  ${answer}\r\n\n`) },
  { name: "an id as text", answer: body((answer, id) => JSON.stringify({ ...JSON.parse(answer), id: String(id) })) },
  { name: "an error that is null", answer: body((answer) => JSON.stringify({ ...JSON.parse(answer), error: null })) },
  { name: "members that nobody knows", answer: body((answer) => JSON.stringify({ ...JSON.parse(answer), x: 1 })) },
  { name: "a batch of one", answer: body((answer) => `[${answer}]`) },
  { name: "one byte a packet", answer: slowly },
  { name: "HTTP/1.0", answer: ({ answer, request }) => void request.socket.end(raw("HTTP/1.0", answer)) },
  {
    name: "a connection that is closed 1 ms after the answer; 20 calls",
    at: "all",
    calls: 20,
    unsteady: "may lose calls",
    answer: ({ answer, request }) => {
      const length = `Content-Length: ${Buffer.byteLength(answer)}\r\n`;
      request.socket.write(raw("HTTP/1.1", answer, length));
      setTimeout(() => request.socket.destroy(), 1);
    },
  },
  {
    name: "a connection that is cut behind the answer, without its end",
    answer: ({ answer, request, response }) =>
      void response.writeHead(200, JSON_TYPE).write(answer, () => setTimeout(() => request.socket.destroy(), APART_MS)),
  },
  { name: "307 within the origin", answer: moved(307, "/moved") },
  { name: "308 within the origin", answer: moved(308, "/moved") },
  { name: "502 with a web page", answer: status(502, "text/html", "<h1>502 Bad Gateway</h1>") },
  { name: "202 and nothing more", answer: status(202), silent: true },
  {
    name: "202, and the answer on the stream of the session",
    era: "legacy",
    streams: true,
    answer: ({ answer, response, onStream }) => {
      response.writeHead(202).end();
      onStream(`data: ${answer}\n\n`);
    },
  },
  {
    name: "the answer on the stream of the session, and an event stream that says nothing",
    era: "legacy",
    streams: true,
    answer: ({ answer, response, onStream }) => {
      response.writeHead(200, EVENTS).write(": wait\n\n");
      onStream(`data: ${answer}\n\n`);
    },
  },
  { name: "an event stream", answer: behind(": hello\n\n") },
  { name: "an event stream with text as a heartbeat", answer: behind("data: ping\n\n") },
  { name: "an event stream with JSON as a heartbeat", answer: behind('data: {"type":"heartbeat"}\n\n') },
  {
    name: "an event stream with empty events and other types",
    answer: behind("data:\n\n: c\n\nevent: ping\ndata: x\n\n"),
  },
  {
    name: "an event stream with the answer to another request",
    answer: behind(`data: {"jsonrpc":"2.0","id":98765,"result":{}}\n\n`),
  },
  { name: "an event stream with broken JSON", answer: behind('data: {"jsonrpc":\n\n') },
  {
    name: "an event stream with a notification that nobody knows",
    answer: behind('data: {"jsonrpc":"2.0","method":"x/y"}\n\n'),
  },
  { name: "an event stream with a batch", answer: body((a) => `data: [${a}]\n\n`, EVENTS), silent: true },
  {
    name: "an event stream with CR LF and a byte order mark",
    answer: body((a) => `\ufeffevent: message\r\ndata: ${a}\r\n\r\n`, EVENTS),
  },
  { name: "an event stream with CR", answer: body((a) => `event: message\rdata: ${a}\r\r`, EVENTS), silent: true },
  { name: "an event stream without the last blank line", answer: body((a) => `data: ${a}\n`, EVENTS), silent: true },
  {
    name: "an event in several lines",
    answer: body(
      (a) => `data: ${JSON.stringify(JSON.parse(a), undefined, 1).replaceAll("\n", "\ndata: ")}\n\n`,
      EVENTS,
    ),
  },
  {
    name: "an event stream that stays open behind the answer",
    answer: ({ answer, response }) => void response.writeHead(200, EVENTS).write(`data: ${answer}\n\n`),
  },
];

const NOTIFIED: readonly HttpQuirk[] = (
  [
    [202],
    [202, "text/plain", "Accepted"],
    [204],
    [200],
    [200, "text/plain", "Accepted"],
    [200, "text/html", "<p>ok</p>"],
    [200, "application/json", "{}"],
    [200, "application/json", "null"],
    [200, "application/json", '{"jsonrpc":"2.0","id":null,"result":{}}'],
    [400, "application/json", '{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"unknown method"}}'],
    [405],
  ] as const
).map(([code, type, text]) => ({
  name: `${code}${type === undefined ? "" : `, ${type}: ${code >= 400 ? "an error" : text.replaceAll("|", "")}`}`,
  at: "initialized",
  era: "legacy",
  answer: status(code, type, text),
}));

const STREAMS: readonly HttpQuirk[] = (
  [
    [405],
    [404],
    [400],
    [406],
    [500],
    [501],
    [200, "text/html", "<p>MCP server</p>"],
    [200, "application/json", "{}"],
    [200, "text/event-stream", ""],
    [200, "text/event-stream", "data: hello\n\n"],
    [204],
  ] as const
).map(([code, type, text]) => ({
  name: `${code}${type === undefined ? "" : `, ${type}: ${text.trim() === "" ? "it ends at once" : text.trim()}`}`,
  at: "stream",
  era: "legacy",
  answer: status(code, type, text),
}));

const LISTS: readonly HttpQuirk[] = [
  { name: "an empty cursor at the end", at: "tools/list", answer: list((result) => ({ ...result, nextCursor: "" })) },
  { name: "a cursor that is null", at: "tools/list", answer: list((result) => ({ ...result, nextCursor: null })) },
  { name: "the same cursor for ever", at: "tools/list", answer: list((result) => ({ ...result, nextCursor: "x" })) },
  {
    name: "fields that nobody knows",
    at: "tools/list",
    answer: list((result) => ({ ...result, extra: [1], total: 1 })),
  },
  {
    name: "a tool without an input schema beside the others",
    at: "tools/list",
    answer: list(({ tools, ...rest }) => ({ ...rest, tools: [...(tools as unknown[]), { name: "odd" }] })),
  },
  {
    name: "annotations and a description that are null",
    at: "tools/list",
    answer: list(({ tools, ...rest }) => ({
      ...rest,
      tools: (tools as object[]).map((t) => ({ ...t, description: null, annotations: null })),
    })),
  },
  {
    name: "an input schema of an old dialect with a pattern that JavaScript cannot read",
    at: "tools/list",
    answer: list(({ tools, ...rest }) => {
      const inputSchema = {
        $schema: "http://json-schema.org/draft-04/schema#",
        type: "object",
        properties: { a: { type: "string", pattern: "(?i)a" } },
      };
      return { ...rest, tools: (tools as object[]).map((tool) => ({ ...tool, inputSchema })) };
    }),
  },
  { name: "an event stream with text first", at: "tools/list", answer: behind("data: ping\n\n") },
];

const STARTS: readonly HttpQuirk[] = [
  {
    name: "the version 2024-11-05",
    at: "initialize",
    era: "legacy",
    answer: list((result) => ({ ...result, protocolVersion: "2024-11-05" })),
  },
  {
    name: "the version 2025-03-26",
    at: "initialize",
    era: "legacy",
    answer: list((result) => ({ ...result, protocolVersion: "2025-03-26" })),
  },
  {
    name: "fields that nobody knows",
    at: "initialize",
    era: "legacy",
    answer: list((result) => ({ ...result, motd: "hello" })),
  },
  { name: "an event stream with text first", at: "initialize", era: "legacy", answer: behind("data: ping\n\n") },
  {
    name: "an id as text",
    at: "initialize",
    era: "legacy",
    answer: body((answer, id) => JSON.stringify({ ...JSON.parse(answer), id: String(id) })),
  },
  { name: "a batch of one", at: "initialize", era: "legacy", answer: body((answer) => `[${answer}]`) },
  {
    name: "no version of the server",
    at: "initialize",
    era: "legacy",
    answer: list((result) => ({ ...result, serverInfo: { name: "strange" } })),
  },
  { name: "307 for every request", at: "all", answer: moved(307, "/moved") },
  {
    name: "gzip for every request",
    at: "all",
    answer: body((answer) => gzipSync(answer), { ...JSON_TYPE, "content-encoding": "gzip" }),
  },
];

/** What is measured over HTTP. */
export const HTTP_QUIRKS: readonly HttpQuirk[] = [...STARTS, ...NOTIFIED, ...STREAMS, ...LISTS, ...CALLS];

function raw(version: string, answer: string, headers = ""): string {
  return `${version} 200 OK\r\nContent-Type: application/json\r\n${headers}\r\n${answer}`;
}

function slowly({ answer, response }: Asked): void {
  response.writeHead(200, JSON_TYPE);
  const bytes = Buffer.from(answer);
  const next = (at: number): void => {
    if (at === bytes.length) response.end();
    else {
      response.write(bytes.subarray(at, at + 1));
      setImmediate(next, at + 1);
    }
  };
  next(0);
}
