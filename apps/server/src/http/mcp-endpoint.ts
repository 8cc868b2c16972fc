import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { ChurnMap } from "@mcp-hangar/core";
import { type Refusal, rpcRefusalAnswer, send, sendOptions } from "./answer.ts";
import { readBody } from "./read-body.ts";

/** One face of the protocol: the aggregate, or one server. */
export interface HttpFace {
  /** Answers a POST, GET or DELETE whose body has been read; empty for GET and DELETE. */
  handleHttp(request: IncomingMessage, response: ServerResponse, body: Buffer): void;
}

export interface McpEndpointOptions {
  readonly aggregate: HttpFace;
  /** The face of one server; `undefined` when there is no such server. */
  readonly ofServer: (id: string) => HttpFace | undefined;
  readonly bodyBytesMax: number;
}

/** Where a path of MCP leads; `face` is absent when it names a server that does not exist. */
export interface McpTarget {
  readonly face: HttpFace | undefined;
  readonly path: string;
}

const ALLOW = "GET, POST, DELETE, OPTIONS";
const SERVER_PATH = /^\/servers\/([^/]+)\/mcp$/;

/** Checks what HTTP decides, reads the body and hands the request to its face. Knows which answers are outstanding. */
export class McpEndpoint {
  readonly #options: McpEndpointOptions;
  readonly #open = new ChurnMap<number, ServerResponse>();
  #lastKey = 0;
  #closing = false;

  constructor(options: McpEndpointOptions) {
    this.#options = options;
  }

  targetOf(path: string): McpTarget | undefined {
    if (path === "/mcp") return { face: this.#options.aggregate, path };
    const id = SERVER_PATH.exec(path)?.[1];
    return id === undefined ? undefined : { face: this.#options.ofServer(id), path };
  }

  handle(target: McpTarget, request: IncomingMessage, response: ServerResponse): void {
    const refusal = refusalOf(target, request);
    if (refusal !== undefined || target.face === undefined) {
      if (refusal !== undefined) this.refuse(response, refusal);
    } else if (request.method === "OPTIONS") {
      sendOptions(response, ALLOW);
    } else if (request.method === "POST") {
      this.#post(target.face, request, response);
    } else {
      request.resume();
      target.face.handleHttp(request, response, EMPTY);
    }
  }

  refuse(response: ServerResponse, refusal: Refusal): void {
    response.req.resume();
    send(response, rpcRefusalAnswer(refusal), response.req.method === "HEAD");
  }

  /** Requests whose answer has not begun. Streams that have begun are not counted: some never end by themselves. */
  unanswered(): number {
    return this.#open.values().filter(({ headersSent }) => !headersSent).length;
  }

  /** From now on connections end with the answer that they wait for. */
  closeAfterAnswers(): void {
    this.#closing = true;
    for (const response of this.#open.values()) if (!response.headersSent) response.shouldKeepAlive = false;
  }

  #post(face: HttpFace, request: IncomingMessage, response: ServerResponse): void {
    if (this.#closing) response.shouldKeepAlive = false;
    const key = ++this.#lastKey;
    this.#open.set(key, response);
    response.once("close", () => this.#open.delete(key));
    readBody(request, response, this.#options.bodyBytesMax, (outcome) => {
      if (outcome.kind === "body") return face.handleHttp(request, response, outcome.body);
      if (outcome.kind === "aborted") return;
      const message = `the body is larger than ${this.#options.bodyBytesMax} bytes (http.max_body_bytes)`;
      this.refuse(response, { status: 413, code: "body_too_large", message });
    });
  }
}

const EMPTY: Buffer = Buffer.alloc(0);

function refusalOf({ face, path }: McpTarget, { method, headers }: IncomingMessage): Refusal | undefined {
  if (face === undefined) {
    const message = `there is no server at ${JSON.stringify(path.slice(0, 100))}; GET /api/mcp_servers lists them`;
    return { status: 404, code: "unknown_server", message };
  }
  if (method === "POST") return unsupportedBody(headers);
  if (method === "GET" || method === "DELETE" || method === "OPTIONS") return undefined;
  const message = `${method} is not possible here; MCP uses POST, GET and DELETE`;
  return { status: 405, code: "method_not_allowed", message, headers: { allow: ALLOW } };
}

function unsupportedBody(headers: IncomingHttpHeaders): Refusal | undefined {
  const type = headers["content-type"] ?? "";
  if (!/^application\/json\s*(?:;|$)/i.test(type)) {
    const message = `the content type must be application/json, not ${JSON.stringify(type.slice(0, 100))}`;
    return { status: 415, code: "unsupported_media_type", message };
  }
  const encoding = headers["content-encoding"];
  if (encoding === undefined || encoding === "identity") return undefined;
  const message = `the body must not be encoded, but is ${JSON.stringify(encoding.slice(0, 100))}`;
  return { status: 415, code: "unsupported_encoding", message };
}
