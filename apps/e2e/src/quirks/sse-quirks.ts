import type { ServerResponse } from "node:http";

/** One message that a strange server over HTTP+SSE has taken. */
export interface AskedOverSse {
  /** What a usual server would say on the stream, as JSON text. */
  readonly answer: string;
  readonly id: unknown;
  /** The response to the POST. */
  readonly response: ServerResponse;
  readonly stream: ServerResponse;
}

/** One way in which a server of revision 2024-11-05, over HTTP+SSE, differs from others. */
export interface SseQuirk {
  readonly name: string;
  /** What is answered so: calls unless told. `open` is the GET of the stream, `post` a POST on the path of the stream. */
  readonly at?: "open" | "post" | "all";
  /** Answers a message. */
  readonly answer?: (asked: AskedOverSse) => void;
  /** Writes the beginning of the stream, which usually says where messages go; `path` is that. */
  readonly open?: (stream: ServerResponse, path: string) => void;
  /** Status of a POST on the path of the stream, which newer clients try first; 405 unless told. */
  readonly post?: number;
  /** How often the tool is called; once unless told. */
  readonly calls?: number;
  /** Whether an official client waits in vain, so that it is given less time. */
  readonly silent?: boolean;
  /** What official clients make of it, where that is not the same each time. */
  readonly unsteady?: string;
}

const said = (text: string): string => `event: message\ndata: ${text}\n\n`;
/** Long enough that what was written before leaves in a packet of its own. */
const APART_MS = 20;

/** Says something on the stream in answer to a message that was accepted in the usual way. */
const saying =
  (write: (answer: string, id: unknown) => string) =>
  ({ answer, id, response, stream }: AskedOverSse): void => {
    response.writeHead(202).end("Accepted");
    stream.write(write(answer, id));
  };

/** Accepts a message in another way. */
const accepting =
  (status: number, type?: string, text?: string) =>
  ({ answer, response, stream }: AskedOverSse): void => {
    response.writeHead(status, type === undefined ? {} : { "content-type": type }).end(text);
    stream.write(said(answer));
  };

const beginning =
  (write: (path: string, stream: ServerResponse) => string) =>
  (stream: ServerResponse, path: string): void =>
    void stream.write(write(path, stream));

const OPENED: readonly SseQuirk[] = [
  { name: "the address as a path", at: "open" },
  {
    name: "the address as a whole URL",
    at: "open",
    open: beginning((path, { req }) => `event: endpoint\ndata: http://${req.headers.host}${path}\n\n`),
  },
  {
    name: "the address beside that of the stream",
    at: "open",
    open: beginning((path) => `event: endpoint\ndata: ${path.slice(path.lastIndexOf("/") + 1)}\n\n`),
  },
  {
    name: "comments and other events before the address",
    at: "open",
    open: beginning((path) => `: hello\n\nevent: welcome\ndata: {}\n\nretry: 3000\nevent: endpoint\ndata: ${path}\n\n`),
  },
  {
    name: "the address with CR LF and a byte order mark",
    at: "open",
    open: beginning((path) => `\ufeffevent: endpoint\r\ndata: ${path}\r\n\r\n`),
  },
  {
    name: "the address after a while",
    at: "open",
    open: (stream, path) => {
      stream.write(": wait\n\n");
      setTimeout(() => stream.write(`event: endpoint\ndata: ${path}\n\n`), APART_MS);
    },
  },
  {
    name: "the address with an id",
    at: "open",
    open: beginning((path) => `id: 1\nevent: endpoint\ndata: ${path}\n\n`),
  },
];

const POSTED: readonly SseQuirk[] = [400, 404, 405].map((post) => ({
  name: `${post}`,
  at: "post",
  post,
}));

const ANSWERED: readonly SseQuirk[] = [
  { name: "nothing strange" },
  { name: "200 in place of 202", at: "all", answer: accepting(200) },
  { name: "200, text/plain: ok", at: "all", answer: accepting(200, "text/plain", "ok") },
  { name: "200, application/json: {}", at: "all", answer: accepting(200, "application/json", "{}") },
  { name: "204", at: "all", answer: accepting(204) },
  {
    name: "the answer in front of the status",
    at: "all",
    answer: ({ answer, response, stream }) => {
      stream.write(said(answer));
      setTimeout(() => response.writeHead(202).end(), APART_MS);
    },
  },
  {
    name: "a response to the POST that never ends",
    answer: ({ answer, response, stream }) => {
      response.writeHead(202, { "content-type": "text/plain" }).write("Accepted");
      stream.write(said(answer));
    },
  },
  { name: "data without a type", answer: saying((answer) => `data: ${answer}\n\n`) },
  { name: "text as a heartbeat", answer: saying((answer) => `data: ping\n\n${said(answer)}`) },
  { name: "JSON as a heartbeat", answer: saying((answer) => `data: {"type":"heartbeat"}\n\n${said(answer)}`) },
  { name: "empty events and other types", answer: saying((a) => `data:\n\nevent: ping\ndata: x\n\n: c\n\n${said(a)}`) },
  {
    name: "the answer to another request",
    answer: saying((answer) => said('{"jsonrpc":"2.0","id":98765,"result":{}}') + said(answer)),
  },
  { name: "CR LF", answer: saying((answer) => `event: message\r\ndata: ${answer}\r\n\r\n`) },
  { name: "CR", answer: saying((answer) => `event: message\rdata: ${answer}\r\r`), silent: true },
  {
    name: "an id as text",
    answer: saying((answer, id) => said(JSON.stringify({ ...JSON.parse(answer), id: String(id) }))),
  },
  { name: "a batch of one", answer: saying((answer) => said(`[${answer}]`)), silent: true },
  {
    name: "an event in several lines",
    answer: saying((a) => said(JSON.stringify(JSON.parse(a), undefined, 1).replaceAll("\n", "\ndata: "))),
  },
  { name: "the answer twice", answer: saying((answer) => said(answer) + said(answer)) },
  {
    name: "500",
    answer: ({ response }) => void response.writeHead(500, { "content-type": "text/html" }).end("<h1>500</h1>"),
  },
];

/** What is measured over HTTP+SSE. */
export const SSE_QUIRKS: readonly SseQuirk[] = [...OPENED, ...POSTED, ...ANSWERED];
