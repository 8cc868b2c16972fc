import type { IncomingMessage, ServerResponse } from "node:http";
import { decodeMessage, type JsonRpcRequest, type IncomingMessage as Message, metaOf, RPC } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { ANONYMOUS_CALLER } from "../access/access.ts";
import type { Exchange } from "../http/traffic.ts";
import { acceptOf } from "./accept.ts";
import { errorAnswer, SHUTTING_DOWN } from "./answer.ts";
import { httpClient } from "./client.ts";
import { shakeHands } from "./dispatch.ts";
import { encodeError, encodeNotification } from "./encode.ts";
import type { Endpoint } from "./endpoint.ts";
import { EventOutput } from "./event-output.ts";
import { BATCH_MAX, type HttpPostsParts } from "./http-posts.ts";
import type { HttpRefusals } from "./http-refusals.ts";
import type { LegacySession } from "./legacy-session.ts";
import { traceHeaders } from "./request-headers.ts";
import type { SessionRequests } from "./session-requests.ts";
import { SseClient } from "./sse-client.ts";
import { finish, type Unanswered } from "./unanswered.ts";

/** The revision of clients that do not say what they speak. */
const OLDEST_VERSION = "2024-11-05";
/** How long a client may hold a stream before it sends anything, in ms. */
const SILENT_MS = 60_000;

/**
 * HTTP+SSE of revision 2024-11-05 for one endpoint: a GET opens a stream, which names the address for everything that the client
 * sends, and on which everything comes that it is sent. A session ends with its stream.
 */
export class HttpSseEndpoint {
  readonly #endpoint: Endpoint;
  readonly #unanswered: Unanswered;
  readonly #refusals: HttpRefusals;
  readonly #requests: SessionRequests;
  readonly #clients = new Map<string, SseClient>();

  constructor(endpoint: Endpoint, { unanswered, refusals, sessionRequests }: Omit<HttpPostsParts, "sessions">) {
    this.#endpoint = endpoint;
    this.#unanswered = unanswered;
    this.#refusals = refusals;
    this.#requests = sessionRequests;
  }

  /** Answers the GET of a stream or the POST of a message, whose body `exchange` has counted. */
  handle(
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    caller: Caller = ANONYMOUS_CALLER,
    exchange = this.#endpoint.traffic.exchange(request, response, caller),
  ): void {
    if (request.method === "POST") this.#post(request, response, body, caller, exchange);
    else this.#open(request, response, caller, exchange);
  }

  #open(request: IncomingMessage, response: ServerResponse, caller: Caller, exchange: Exchange): void {
    if (!acceptOf(request).events) {
      const message = "accept must allow text/event-stream";
      return this.#refusals.refuse(response, caller, { status: 406, code: RPC.invalidRequest, message });
    }
    const { access, platform, closing } = this.#endpoint;
    const mayStay = (): boolean => access.permits(client.caller, "tools:call");
    const output = new EventOutput(response, { mayStay, exchange }, platform.clock);
    const id = platform.uuid();
    const client = new SseClient(output, exchange, caller);
    this.#clients.set(id, client);
    const end = (): void => output.end();
    const cancelTimer = platform.clock.schedule(SILENT_MS, () => {
      if (!client.hasSpoken) end();
    });
    closing.signal.addEventListener("abort", end);
    output.onClose(() => {
      cancelTimer();
      closing.signal.removeEventListener("abort", end);
      this.#clients.delete(id);
      if (client.session !== undefined) this.#endpoint.sessions.close(client.session, "client");
    });
    output.open();
    output.event("endpoint", `${pathOf(request).replace(/sse$/, "messages")}?sessionId=${id}`);
  }

  #post(request: IncomingMessage, response: ServerResponse, body: Buffer, caller: Caller, exchange: Exchange): void {
    const refuseWith = (status: number, message: string): void =>
      this.#refusals.refuse(response, caller, { status, code: RPC.invalidRequest, message });
    const client = this.#find(request, caller);
    if (client === undefined) return refuseWith(404, "the session is unknown or has ended; open another stream");
    const message = decodeMessage(body, false);
    if (message.kind === "invalid") {
      const { code, reason, id = null } = message;
      const problem = `the body is no JSON-RPC message: ${reason}`;
      return this.#refusals.refuse(response, caller, { status: 400, code, message: problem, id });
    }
    const messages = message.kind === "batch" ? message.messages : [message];
    if (messages.length > BATCH_MAX) return refuseWith(400, `a batch may have ${BATCH_MAX} messages at most`);
    client.hasSpoken = true;
    // What becomes of it is told on the stream.
    response.writeHead(202).end();
    for (const each of messages) this.#take(request, client, each, caller, exchange);
  }

  /** The client whose stream the address names; somebody else's does not exist for the caller. */
  #find({ url = "" }: IncomingMessage, caller: Caller): SseClient | undefined {
    const id = new URLSearchParams(url.slice(url.indexOf("?") + 1)).get("sessionId") ?? "";
    const client = this.#clients.get(id);
    if (client === undefined || client.caller.credential !== caller.credential) return undefined;
    const { session } = client;
    if (session !== undefined && this.#endpoint.sessions.get(session.id, caller) === undefined) return undefined;
    client.caller = caller;
    return client;
  }

  #take(http: IncomingMessage, client: SseClient, message: Message, caller: Caller, exchange: Exchange): void {
    const stream = client.answerStream(exchange);
    if (message.kind === "invalid") {
      const { code, reason, id = null } = message;
      const problem = `it is no JSON-RPC message: ${reason}`;
      this.#refusals.tell(http, caller, { id, message: problem });
      return stream.finish(200, encodeError(id, { code, message: problem }));
    }
    if (message.kind !== "request") return this.#requests.take(http, client.session, message, caller);
    const { id, method } = message;
    if (this.#unanswered.interrupted) {
      this.#refusals.tellEnding(http, caller, message);
      return finish(stream, id, SHUTTING_DOWN, false);
    }
    if (method === "initialize") return this.#initialize(http, client, message, caller, exchange);
    const session = client.session ?? this.#adopt(client, this.#nameless(http, caller));
    const inUse = this.#requests.begin(http, stream, session, message, caller);
    if (inUse === undefined) return;
    this.#refusals.tell(http, caller, { id, method, message: inUse });
    finish(stream, id, errorAnswer(RPC.invalidRequest, inUse), false);
  }

  #initialize(
    http: IncomingMessage,
    client: SseClient,
    { id, method, params }: JsonRpcRequest,
    caller: Caller,
    exchange: Exchange,
  ): void {
    const meta = metaOf(params);
    const stream = client.answerStream(exchange);
    const work = shakeHands(this.#endpoint, {
      era: "legacy",
      id,
      method,
      params,
      meta,
      caller,
      trace: traceHeaders(http),
      client: httpClient(http, this.#endpoint.addressOf(http), { rpcId: id, session: undefined, meta }),
      channel: { notify: (notification) => stream.send(encodeNotification(notification)), ask: undefined },
      signal: new AbortController().signal,
      session: undefined,
      capabilities: {},
    }).then(({ answer, session }) => {
      if (session !== undefined) this.#adopt(client, session);
      return answer;
    });
    this.#unanswered.answer({ stream, id, modern: false }, work);
  }

  /** The session of a client that sends requests without a handshake: libraries open a broken stream again and go on. */
  #nameless(http: IncomingMessage, caller: Caller): LegacySession {
    const speaker = { rpcId: undefined, session: undefined, meta: {} };
    const client = httpClient(http, this.#endpoint.addressOf(http), speaker);
    return this.#endpoint.sessions.open({ protocolVersion: OLDEST_VERSION, capabilities: {}, caller, client });
  }

  #adopt(client: SseClient, session: LegacySession): LegacySession {
    const before = client.adopt(session);
    if (before !== undefined) this.#endpoint.sessions.close(before, "client");
    // The client may have left during the handshake.
    if (client.output.closed) this.#endpoint.sessions.close(session, "client");
    return session;
  }
}

/** Without the query, and without the slash that some clients add. */
function pathOf({ url = "" }: IncomingMessage): string {
  return (url.split("?", 1)[0] ?? "").replace(/\/$/, "");
}
