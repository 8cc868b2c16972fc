import type { IncomingMessage, ServerResponse } from "node:http";
import { MODERN_VERSIONS, RPC } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { ANONYMOUS_CALLER } from "../access/access.ts";
import type { Exchange } from "../http/traffic.ts";
import { acceptOf } from "./accept.ts";
import { encodeUnsolicited } from "./encode.ts";
import type { Endpoint } from "./endpoint.ts";
import { EventOutput } from "./event-output.ts";
import { HttpPosts } from "./http-posts.ts";
import { HttpRefusals } from "./http-refusals.ts";
import { HttpSessions, SESSION_HEADER } from "./http-sessions.ts";
import { HttpSseEndpoint } from "./http-sse-endpoint.ts";
import type { LegacySession } from "./legacy-session.ts";
import { header } from "./request-headers.ts";
import { SessionRequests } from "./session-requests.ts";
import { Unanswered } from "./unanswered.ts";

const MODERN: readonly string[] = MODERN_VERSIONS;

/** Streamable HTTP of both eras for one endpoint. The listener has checked host, origin and size before. */
export class HttpEndpoint {
  readonly #endpoint: Endpoint;
  readonly #unanswered = new Unanswered();
  readonly #sessions: HttpSessions;
  readonly #posts: HttpPosts;
  readonly refusals: HttpRefusals;
  /** The same endpoint for clients of HTTP+SSE. */
  readonly sse: HttpSseEndpoint;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    const unanswered = this.#unanswered;
    const refusals = new HttpRefusals(endpoint);
    const sessions = new HttpSessions(endpoint, refusals);
    const sessionRequests = new SessionRequests(endpoint, unanswered, refusals);
    this.refusals = refusals;
    this.#sessions = sessions;
    this.#posts = new HttpPosts(endpoint, { unanswered, refusals, sessions, sessionRequests });
    this.sse = new HttpSseEndpoint(endpoint, { unanswered, refusals, sessionRequests });
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
        return this.#posts.handle(request, response, body, caller, exchange);
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

  #get(request: IncomingMessage, response: ServerResponse, caller: Caller, exchange: Exchange): void {
    if (this.#refusesModern(request, response, caller)) return;
    const session = this.#sessions.find(request, response, { id: null }, caller);
    if (session === undefined) return;
    const refuseWith = (status: number, message: string): void =>
      this.refusals.refuse(response, caller, { status, code: RPC.invalidRequest, message });
    if (!acceptOf(request).events) return refuseWith(406, "accept must allow text/event-stream");
    const lastEventId = header(request, "last-event-id") ?? "";
    const resumption = lastEventId === "" ? undefined : session.answers.find(lastEventId);
    if (lastEventId !== "" && resumption === undefined) {
      return refuseWith(400, "no answer is kept of which the event in Last-Event-ID is, or not any more");
    }
    const output = this.#output(response, session, exchange);
    if (resumption !== undefined) return resumption.answer.resume(output, resumption.after);
    const detach = session.attach(
      (message) => output.message(encodeUnsolicited(message)),
      () => output.end(),
    );
    output.onClose(detach);
    session.catchUp();
  }

  /** Opens an event stream of a session, which ends with the endpoint. */
  #output(response: ServerResponse, session: LegacySession, exchange: Exchange): EventOutput {
    const { access, platform, closing } = this.#endpoint;
    // Requests of the session may have brought a newer token since.
    const mayStay = (): boolean => access.permits(session.caller, "tools:call");
    const output = new EventOutput(response, { mayStay, exchange }, platform.clock);
    const end = (): void => output.end();
    // The endpoint outlives its streams: what it remembers of one goes with it.
    closing.signal.addEventListener("abort", end);
    output.onClose(() => closing.signal.removeEventListener("abort", end));
    output.open({ [SESSION_HEADER]: session.id });
    return output;
  }

  #delete(request: IncomingMessage, response: ServerResponse, caller: Caller): void {
    if (this.#refusesModern(request, response, caller)) return;
    const session = this.#sessions.find(request, response, { id: null }, caller);
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
}
