import type { IncomingMessage, ServerResponse } from "node:http";
import {
  Cancellation,
  decodeMessage,
  isJsonObject,
  type JsonObject,
  type JsonRpcRequest,
  META,
  type MessageBatch,
  MODERN_VERSIONS,
  metaOf,
  RPC,
} from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import type { Exchange } from "../http/traffic.ts";
import { acceptOf } from "./accept.ts";
import { SHUTTING_DOWN } from "./answer.ts";
import { httpClient } from "./client.ts";
import type { ClientRequest } from "./client-request.ts";
import { dispatch, shakeHands } from "./dispatch.ts";
import { encodeNotification } from "./encode.ts";
import type { Endpoint } from "./endpoint.ts";
import type { HttpRefusals } from "./http-refusals.ts";
import { type HttpSessions, SESSION_HEADER } from "./http-sessions.ts";
import { LISTEN } from "./methods/index.ts";
import { isModern, refuseEnvelope } from "./modern-envelope.ts";
import { header, traceHeaders } from "./request-headers.ts";
import { ResponseStream } from "./response-stream.ts";
import type { OneWay, SessionRequests } from "./session-requests.ts";
import { finish, type Headers, type Unanswered } from "./unanswered.ts";

const MODERN: readonly string[] = MODERN_VERSIONS;
/** Revisions whose clients may send several messages at once. */
const BATCHING: readonly string[] = ["2025-03-26", "2024-11-05"];
/** Messages of one batch: as many as `hangar_call` takes. */
export const BATCH_MAX = 100;

/** What the POSTs of an endpoint are answered with. */
export interface HttpPostsParts {
  readonly unanswered: Unanswered;
  readonly refusals: HttpRefusals;
  readonly sessions: HttpSessions;
  readonly sessionRequests: SessionRequests;
}

/** The messages that clients post over Streamable HTTP, of both eras. */
export class HttpPosts {
  readonly #endpoint: Endpoint;
  readonly #unanswered: Unanswered;
  readonly #refusals: HttpRefusals;
  readonly #sessions: HttpSessions;
  readonly #sessionRequests: SessionRequests;

  constructor(endpoint: Endpoint, { unanswered, refusals, sessions, sessionRequests }: HttpPostsParts) {
    this.#endpoint = endpoint;
    this.#unanswered = unanswered;
    this.#refusals = refusals;
    this.#sessions = sessions;
    this.#sessionRequests = sessionRequests;
  }

  /** Answers one POST; `exchange` has counted its body. */
  handle(request: IncomingMessage, response: ServerResponse, body: Buffer, caller: Caller, exchange: Exchange): void {
    const { headers } = request;
    if (!/^application\/json\s*(?:;|$)/i.test(headers["content-type"] ?? "")) {
      return this.#refusals.refuse(response, caller, {
        status: 415,
        code: RPC.invalidRequest,
        message: "content-type must be application/json",
      });
    }
    const accepts = acceptOf(request);
    if (!accepts.json && !accepts.events) {
      const message = "accept must allow application/json and text/event-stream";
      return this.#refusals.refuse(response, caller, { status: 406, code: RPC.invalidRequest, message });
    }
    const message = decodeMessage(body, false);
    if (message.kind === "invalid") {
      const { code, reason, id = null } = message;
      const problem = `the body is no JSON-RPC message: ${reason}`;
      return this.#refusals.refuse(response, caller, { status: 400, code, message: problem, id });
    }
    const { access, platform } = this.#endpoint;
    const mayStay = (): boolean => access.permits(caller, "tools:call");
    const stream = new ResponseStream(response, { acceptsEvents: accepts.events, mayStay, exchange }, platform.clock);
    if (message.kind === "batch") return this.#batch(request, response, stream, message, caller);
    if (message.kind === "request") {
      const meta = metaOf(message.params);
      // A legacy handshake may carry any header; one inside a modern envelope is a method that this era does not have.
      const version = message.method === "initialize" ? undefined : header(request, "mcp-protocol-version");
      const modern = isModern(meta, version);
      if (this.#unanswered.interrupted) {
        this.#refusals.tellEnding(request, caller, message);
        return finish(stream, message.id, SHUTTING_DOWN, modern);
      }
      if (modern) {
        return this.#modern(request, response, stream, message, meta, caller);
      }
      return this.#legacy(request, response, stream, message, meta, caller);
    }
    this.#oneWay(request, response, message, caller);
  }

  #modern(
    http: IncomingMessage,
    response: ServerResponse,
    stream: ResponseStream,
    { id, method, params }: JsonRpcRequest,
    meta: JsonObject,
    caller: Caller,
  ): void {
    const refusal = refuseEnvelope(method, params, meta, {
      version: header(http, "mcp-protocol-version"),
      method: header(http, "mcp-method"),
      name: header(http, "mcp-name"),
    });
    if (refusal !== undefined) {
      const message = refusal.kind === "error" ? refusal.error.message : "";
      this.#refusals.tell(http, caller, { method, message, id });
      return finish(stream, id, refusal, true);
    }
    const left = new Cancellation();
    // In the modern era, closing the response stream is how a client cancels.
    response.once("close", () => left.abort());
    const capabilities = meta[META.clientCapabilities];
    const request: ClientRequest = {
      era: "modern",
      id,
      method,
      params,
      meta,
      caller,
      client: httpClient(http, this.#endpoint.addressOf(http), { rpcId: id, session: undefined, meta }),
      trace: traceHeaders(http),
      channel: { notify: (notification) => stream.send(encodeNotification(notification)), ask: undefined },
      signal: left.signal,
      session: undefined,
      header: (name) => header(http, name),
      capabilities: isJsonObject(capabilities) ? capabilities : {},
    };
    const endsWithEndpoint = method === LISTEN;
    stream.showWork();
    this.#unanswered.answer({ stream, id, modern: true, endsWithEndpoint }, dispatch(this.#endpoint, request));
  }

  #legacy(
    http: IncomingMessage,
    response: ServerResponse,
    stream: ResponseStream,
    { id, method, params }: JsonRpcRequest,
    meta: JsonObject,
    caller: Caller,
  ): void {
    const base = { era: "legacy", id, method, params, meta, caller, trace: traceHeaders(http) } as const;
    const address = this.#endpoint.addressOf(http);
    const notify: ClientRequest["channel"]["notify"] = (notification) => stream.send(encodeNotification(notification));
    if (method === "initialize") {
      const { signal } = new Cancellation();
      const client = httpClient(http, address, { rpcId: id, session: undefined, meta });
      const request = {
        ...base,
        client,
        channel: { notify, ask: undefined },
        signal,
        session: undefined,
        capabilities: {},
      };
      let headers: Headers = {};
      const work = shakeHands(this.#endpoint, request).then(({ answer, session }) => {
        if (session !== undefined) headers = { [SESSION_HEADER]: session.id };
        return answer;
      });
      return this.#unanswered.answer({ stream, id, modern: false, settled: () => headers }, work);
    }
    const session = this.#sessions.find(http, response, { id, method }, caller);
    if (session === undefined) return;
    stream.keepBy(session);
    const inUse = this.#sessionRequests.begin(http, stream, session, { id, method, params }, caller);
    if (inUse === undefined) return;
    this.#refusals.refuse(response, caller, { status: 400, code: RPC.invalidRequest, message: inUse, id, method });
  }

  /** Several messages at once, which only clients of old revisions send. */
  #batch(
    http: IncomingMessage,
    response: ServerResponse,
    stream: ResponseStream,
    { messages }: MessageBatch,
    caller: Caller,
  ): void {
    const refuseWith = (message: string): void =>
      this.#refusals.refuse(response, caller, { status: 400, code: RPC.invalidRequest, message });
    // The first message of a client stands alone, so that there is always a session that says what the client speaks.
    const named = header(http, SESSION_HEADER) !== undefined;
    const session = named ? this.#sessions.find(http, response, { id: null }, caller) : undefined;
    if (named && session === undefined) return;
    if (session === undefined || !BATCHING.includes(session.protocolVersion)) {
      return refuseWith(`batches are for sessions of ${BATCHING.join(" and ")} only: send each message alone`);
    }
    if (messages.length > BATCH_MAX) return refuseWith(`a batch may have ${BATCH_MAX} messages at most`);
    stream.keepBy(session);
    this.#sessionRequests.batch(http, response, stream, session, messages, caller);
  }

  /** Notifications, and answers to what servers asked the client. */
  #oneWay(http: IncomingMessage, response: ServerResponse, message: OneWay, caller: Caller): void {
    const modern = MODERN.includes(header(http, "mcp-protocol-version") ?? "");
    // A modern client has no session, and nothing that it could notify us of.
    const session = modern ? undefined : this.#sessions.find(http, response, { id: null }, caller);
    if (!modern && session === undefined) return;
    this.#sessionRequests.take(http, session, message, caller);
    response.writeHead(202).end();
  }
}
