import type { ServerResponse } from "node:http";
import { type FailureCode, RPC } from "@mcp-hangar/core";
import { type Exchange, UNCOUNTED_BYTES } from "./traffic.ts";

/** A whole answer, small enough to be built before it is sent. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer whose body is text. */
export interface TextAnswer extends Answer {
  readonly body: string;
}

const JSON_TYPE = "application/json; charset=utf-8";

export function jsonAnswer(status: number, value: unknown): TextAnswer {
  return { status, contentType: JSON_TYPE, body: JSON.stringify(value) };
}

/** Why a request is refused before anything of the gateway sees it. */
export interface Refusal {
  readonly status: number;
  /** A stable word for programs. */
  readonly code: string;
  /** What happened, and what to do. */
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal outside MCP: `{"error":{"code","message"}}`. */
export function refusalAnswer({ status, code, message, headers }: Refusal): TextAnswer {
  return { ...jsonAnswer(status, { error: { code, message } }), ...(headers && { headers }) };
}

/** A refusal of an MCP endpoint: a JSON-RPC error without an id, because no message was read. */
export function rpcRefusalAnswer({ status, code, message, headers }: Refusal): TextAnswer {
  const error = { code: RPC.invalidRequest, message, data: { reason: code } };
  return { ...jsonAnswer(status, { jsonrpc: "2.0", id: null, error }), ...(headers && { headers }) };
}

/** What records call the failure of a request that was refused. */
export function failureOf({ status, code }: Refusal): FailureCode {
  if (status === 499) return "cancelled";
  if (status !== 503) return "invalid_request";
  return code === SHUTTING_DOWN.code ? "connection" : "overloaded";
}

/** Why a request is refused that the gateway has not answered when it ends. */
export const SHUTTING_DOWN: Refusal = {
  status: 503,
  code: "shutting_down",
  message: "the gateway is shutting down before this was answered; send it again",
  headers: { "retry-after": "1" },
};

/** What is refused because the gateway holds as much as it may. */
export const NO_ROOM: Refusal = {
  status: 503,
  code: "overloaded",
  message:
    "the gateway holds as many bytes of requests and unread answers as it may, of this caller or in all " +
    "(http.max_buffered_bytes_per_caller, http.max_buffered_bytes); read what you have asked for, then try again",
  headers: { "retry-after": "5" },
};

/** Why a body is refused that has more bytes than `bytesMax`. */
export function bodyTooLarge(bytesMax: number): Refusal {
  const message = `the body is larger than ${bytesMax} bytes (http.max_body_bytes)`;
  return { status: 413, code: "body_too_large", message };
}

/** Sends an answer that has room, else that it has none. */
export function sendCounted(response: ServerResponse, answer: Answer, exchange: Exchange): void {
  const bytes = Buffer.byteLength(answer.body);
  const head = response.req.method === "HEAD";
  const fits = head || bytes < UNCOUNTED_BYTES || exchange.hasRoomFor(bytes);
  send(response, fits ? answer : refusalAnswer(NO_ROOM), head);
  exchange.written();
}

/** Sends an answer; of a HEAD request, everything but the body. */
export function send(response: ServerResponse, answer: Answer, head = false): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(answer.status, {
    "content-type": answer.contentType,
    "content-length": Buffer.byteLength(answer.body),
    // What the gateway says about itself is true now, and it is data: no cache, no guessing of types.
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...answer.headers,
  });
  response.end(head ? undefined : answer.body);
}

/** Answers OPTIONS: the methods, and nothing that a browser would take as a permission. */
export function sendOptions(response: ServerResponse, allow: string): void {
  response.writeHead(204, { allow });
  response.end();
}
