import type { IncomingMessage, ServerResponse } from "node:http";
import {
  decodeMessage,
  isJsonObject,
  type JsonObject,
  type JsonRpcRequest,
  LEGACY_VERSIONS,
  META,
  type MessageBatch,
  MODERN_VERSIONS,
  metaOf,
  RPC,
  SUPPORTED_VERSIONS,
} from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { ANONYMOUS_CALLER } from "../access/access.ts";
import type { Exchange } from "../http/traffic.ts";
import { acceptOf } from "./accept.ts";
import { SHUTTING_DOWN } from "./answer.ts";
import { httpClient } from "./client.ts";
import type { ClientRequest } from "./client-request.ts";
import { dispatch, shakeHands } from "./dispatch.ts";
import { encodeNotification, encodeUnsolicited } from "./encode.ts";
import type { Endpoint } from "./endpoint.ts";
import { type HttpRefusal, HttpRefusals } from "./http-refusals.ts";
import type { LegacySession } from "./legacy-session.ts";
import { LISTEN } from "./methods/index.ts";
import { isModern, refuseEnvelope } from "./modern-envelope.ts";
import { header, traceHeaders } from "./request-headers.ts";
import { ResponseStream } from "./response-stream.ts";
import { type OneWay, SessionRequests } from "./session-requests.ts";
import { finish, type Headers, Unanswered } from "./unanswered.ts";

const SESSION_HEADER = "mcp-session-id";
const MODERN: readonly string[] = MODERN_VERSIONS;
const LEGACY: readonly string[] = LEGACY_VERSIONS;
/** Revisions whose clients may send several messages at once. */
const BATCHING: readonly string[] = ["2025-03-26", "2024-11-05"];
/** Messages of one batch: as many as `hangar_call` takes. */
const BATCH_MAX = 100;

/** Streamable HTTP of both eras for one endpoint. The listener has checked host, origin and size before. */
export class HttpEndpoint {
  readonly #endpoint: Endpoint;
  readonly #unanswered = new Unanswered();
  readonly refusals: HttpRefusals;
  readonly #sessionRequests: SessionRequests;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    this.refusals = new HttpRefusals(endpoint);
    this.#sessionRequests = new SessionRequests(endpoint, this.#unanswered, this.refusals);
  }

  /** `exchange` has counted the body; without it nothing is held for the body. */
  handle(
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    caller: Caller = ANONYMOUS_CALLER,
    exchange = this.#endpoint.traffic.exchange(request, response, caller),
  ): void {
    switch (request.method) {
      case "POST":
        return this.#post(request, response, body, caller, exchange);
      case "GET":
        return this.#get(request, response, caller, exchange);
      case "DELETE":
        return this.#delete(request, response, caller);
      default:
        return this.refusals.refuseHttpMethod(
          response,
          caller,
          `${request.method} is not possible`,
          "GET, POST, DELETE",
        );
    }
  }

  /** Answers all that still runs, and whatever comes later, with the end of the gateway. */
  interrupt(): void {
    this.#unanswered.interrupt();
  }

  #post(request: IncomingMessage, response: ServerResponse, body: Buffer, caller: Caller, exchange: Exchange): void {
    const { headers } = request;
    if (!/^application\/json\s*(?:;|$)/i.test(headers["content-type"] ?? "")) {
      return this.refusals.refuse(response, caller, {
        status: 415,
        code: RPC.invalidRequest,
        message: "content-type must be application/json",
      });
    }
    const accepts = acceptOf(request);
    if (!accepts.json && !accepts.events) {
      const message = "accept must allow application/json and text/event-stream";
      return this.refusals.refuse(response, caller, { status: 406, code: RPC.invalidRequest, message });
    }
    const message = decodeMessage(body, false);
    if (message.kind === "invalid") {
      const { code, reason, id = null } = message;
      const problem = `the body is no JSON-RPC message: ${reason}`;
      return this.refusals.refuse(response, caller, { status: 400, code, message: problem, id });
    }
    const stream = this.#stream(response, { acceptsEvents: accepts.events, exchange, caller: () => caller });
    if (message.kind === "batch") return this.#batch(request, response, stream, message, caller);
    if (message.kind === "request") {
      const meta = metaOf(message.params);
      // A legacy handshake may carry any header; one inside a modern envelope is a method that this era does not have.
      const version = message.method === "initialize" ? undefined : header(request, "mcp-protocol-version");
      const modern = isModern(meta, version);
      if (this.#unanswered.interrupted) {
        this.refusals.tellEnding(request, caller, message);
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
      this.refusals.tell(http, caller, { method, message, id });
      return finish(stream, id, refusal, true);
    }
    const left = new AbortController();
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
      const { signal } = new AbortController();
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
    const session = this.#session(http, response, { id, method }, caller);
    if (session === undefined) return;
    const inUse = this.#sessionRequests.begin(http, stream, session, { id, method, params }, caller);
    if (inUse === undefined) return;
    this.refusals.refuse(response, caller, { status: 400, code: RPC.invalidRequest, message: inUse, id, method });
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
      this.refusals.refuse(response, caller, { status: 400, code: RPC.invalidRequest, message });
    // The first message of a client stands alone, so that there is always a session that says what the client speaks.
    const named = header(http, SESSION_HEADER) !== undefined;
    const session = named ? this.#session(http, response, { id: null }, caller) : undefined;
    if (named && session === undefined) return;
    if (session === undefined || !BATCHING.includes(session.protocolVersion)) {
      return refuseWith(`batches are for sessions of ${BATCHING.join(" and ")} only: send each message alone`);
    }
    if (messages.length > BATCH_MAX) return refuseWith(`a batch may have ${BATCH_MAX} messages at most`);
    this.#sessionRequests.batch(http, response, stream, session, messages, caller);
  }

  /** Notifications, and answers to what servers asked the client. */
  #oneWay(http: IncomingMessage, response: ServerResponse, message: OneWay, caller: Caller): void {
    const modern = MODERN.includes(header(http, "mcp-protocol-version") ?? "");
    // A modern client has no session, and nothing that it could notify us of.
    const session = modern ? undefined : this.#session(http, response, { id: null }, caller);
    if (!modern && session === undefined) return;
    this.#sessionRequests.take(http, session, message, caller);
    response.writeHead(202).end();
  }

  #get(request: IncomingMessage, response: ServerResponse, caller: Caller, exchange: Exchange): void {
    if (this.#refusesModern(request, response, caller)) return;
    const session = this.#session(request, response, { id: null }, caller);
    if (session === undefined) return;
    if (!acceptOf(request).events) {
      const message = "accept must allow text/event-stream";
      return this.refusals.refuse(response, caller, { status: 406, code: RPC.invalidRequest, message });
    }
    // Requests of the session may have brought a newer token since.
    const stream = this.#stream(response, { acceptsEvents: true, exchange, caller: () => session.caller });
    const end = (): void => void response.end();
    const detach = session.attach((message) => stream.send(encodeUnsolicited(message)), end);
    // The endpoint outlives its streams: what it remembers of one goes with it.
    const closing = this.#endpoint.closing.signal;
    closing.addEventListener("abort", end);
    response.once("close", () => {
      closing.removeEventListener("abort", end);
      detach();
    });
    stream.open({ [SESSION_HEADER]: session.id });
    session.catchUp();
  }

  #delete(request: IncomingMessage, response: ServerResponse, caller: Caller): void {
    if (this.#refusesModern(request, response, caller)) return;
    const session = this.#session(request, response, { id: null }, caller);
    if (session === undefined) return;
    this.#endpoint.sessions.close(session, "client");
    response.writeHead(200).end();
  }

  /** Refuses an HTTP method that clients of the modern era have no use for; false when the client is not of that era. */
  #refusesModern(request: IncomingMessage, response: ServerResponse, caller: Caller): boolean {
    const version = header(request, "mcp-protocol-version") ?? "";
    if (!MODERN.includes(version)) return false;
    const message = `revision ${version} has no sessions: only POST is allowed`;
    this.refusals.refuseHttpMethod(response, caller, message, "POST");
    return true;
  }

  #stream(
    response: ServerResponse,
    {
      acceptsEvents,
      exchange,
      caller,
    }: { readonly acceptsEvents: boolean; readonly exchange: Exchange; readonly caller: () => Caller },
  ): ResponseStream {
    const { access, platform } = this.#endpoint;
    const mayStay = (): boolean => access.permits(caller(), "tools:call");
    return new ResponseStream(response, { acceptsEvents, mayStay, exchange }, platform.clock);
  }

  /** The session a legacy request names; answers and returns `undefined` when there is none. */
  #session(
    request: IncomingMessage,
    response: ServerResponse,
    asked: Pick<HttpRefusal, "id" | "method">,
    caller: Caller,
  ): LegacySession | undefined {
    const refuseWith = (status: number, message: string): undefined => {
      this.refusals.refuse(response, caller, { ...asked, status, code: RPC.invalidRequest, message });
    };
    const version = header(request, "mcp-protocol-version");
    if (version !== undefined && !LEGACY.includes(version)) {
      const known = SUPPORTED_VERSIONS.join(", ");
      return refuseWith(400, `protocol version ${version} is not supported; ${known} are`);
    }
    const sessionId = header(request, SESSION_HEADER);
    if (sessionId === undefined) return refuseWith(400, "header Mcp-Session-Id is missing; initialize first");
    const session = this.#endpoint.sessions.get(sessionId, caller);
    return session ?? refuseWith(404, "the session is unknown or has expired; initialize again");
  }
}
