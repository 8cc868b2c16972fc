import type { IncomingMessage, ServerResponse } from "node:http";
import type { CancelSignal } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { type Access, ANONYMOUS_CALLER } from "../access/access.ts";
import {
  type Answer,
  bodyTooLarge,
  NO_ROOM,
  type Refusal,
  refusalAnswer,
  send,
  sendCounted,
  sendOptions,
} from "./answer.ts";
import type { CallerPlaces } from "./caller-places.ts";
import type { Denials } from "./denials.ts";
import { doorOf } from "./door-of.ts";
import type { McpEndpoint } from "./mcp-endpoint.ts";
import { type OpenAnswer, OpenAnswers } from "./open-answers.ts";
import { readBody } from "./read-body.ts";
import type { RequestGuard } from "./request-guard.ts";
import type { Route, RouteRequest, UnreadRequest, Unrouted } from "./route.ts";
import { type RouteMatch, RouteTable } from "./route-table.ts";
import type { Strangers } from "./strangers.ts";
import type { Exchange, Traffic } from "./traffic.ts";

export interface RouterOptions {
  readonly guard: RequestGuard;
  readonly access: Access;
  /** Limits by address what is refused and what is public; nothing is limited without it. */
  readonly strangers?: Strangers | undefined;
  /** Bounds what each caller has open; nothing is bounded without it. */
  readonly places?: CallerPlaces | undefined;
  /** Told of everybody who is refused with 403; nobody is without it. */
  readonly denials?: Denials | undefined;
  /** Serves `/mcp` and `/servers/<id>/mcp`; absent on a listener that has only routes. */
  readonly mcp?: McpEndpoint | undefined;
  readonly routes: readonly Route[];
  /** Answers callers whom no route of the management serves. Without it nobody is asked who they are there, and it is not told. */
  readonly unrouted?: Unrouted | undefined;
  readonly bodyBytesMax: number;
  readonly traffic: Traffic;
  /** Told of a route that threw. */
  readonly onError: (error: unknown, path: string) => void;
}

const EMPTY = Buffer.alloc(0);
/** Nobody reads this answer; it says in records what became of the request. */
const CLIENT_LEFT: Refusal = { status: 499, code: "cancelled", message: "the client left before its request had come" };

/** Goes on with a request whose body has not come as with one that is refused. */
type RefuseUnread = (refusal: Refusal) => void;
type Found = NonNullable<ReturnType<RouteMatch["find"]>>;

/**
 * Leads each request to its place. `/mcp` is tried first: that is where the traffic goes. What a request to a route has
 * to pass, in this order: Host and Origin, the path and the method, who asks, whether they may, the body.
 */
export class Router {
  readonly #options: RouterOptions;
  readonly #table: RouteTable;
  readonly open = new OpenAnswers<RefuseUnread>((response, refusal, unread) =>
    unread === undefined ? refuse(response, refusal) : unread(refusal),
  );

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#table = new RouteTable(options.routes);
  }

  /** Answers one request; never throws. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    const { guard, mcp, denials } = this.#options;
    const url = request.url ?? "";
    const query = url.indexOf("?");
    // A URL in absolute form gives no path: a gateway is no proxy for others.
    const path = withoutSlash(query === -1 ? url : url.slice(0, query));
    const target = mcp?.targetOf(path);
    const refusal = guard(request);
    if (refusal !== undefined) denials?.reportGuarded(request, target === undefined ? doorOf(path) : "mcp", refusal);
    if (mcp !== undefined && target !== undefined) {
      if (refusal === undefined) mcp.handle(target, request, response);
      else mcp.refuse(response, this.#limited(request) ?? refusal);
      return;
    }
    if (refusal !== undefined) return this.#refuseStranger(response, refusal);
    const match = this.#table.match(path);
    if (match === undefined) {
      const message = `there is nothing at ${JSON.stringify(path.slice(0, 100))}`;
      return this.#refuseUnrouted(path, response, { status: 404, code: "not_found", message });
    }
    if (request.method === "OPTIONS") return sendOptions(response, match.allow);
    const found = match.find(request.method ?? "");
    if (found !== undefined) return this.#route(found, request, response, query === -1 ? "" : url.slice(query + 1));
    const message = `${request.method} is not possible here; ${match.allow} are`;
    const headers = { allow: match.allow };
    this.#refuseUnrouted(path, response, { status: 405, code: "method_not_allowed", message, headers });
  };

  /** Why a request of nobody in particular is not even refused for what is wrong with it: too many came from there. */
  #limited(request: IncomingMessage): Refusal | undefined {
    return this.#options.strangers?.refusal(request);
  }

  #refuseStranger(response: ServerResponse, refusal: Refusal): void {
    refuse(response, this.#limited(response.req) ?? refusal);
  }

  /** Refuses what no route serves; within the management, callers are asked who they are, so that it is told as theirs. */
  #refuseUnrouted(path: string, response: ServerResponse, refusal: Refusal): void {
    const { unrouted, access, strangers = access, denials } = this.#options;
    const { req: http } = response;
    if (unrouted === undefined || doorOf(path) !== "rest") return this.#refuseStranger(response, refusal);
    this.#work(path, response, async ({ signal }) => {
      const who = await strangers.identify(http);
      if (who.kind === "refused") return refuse(response, who.refusal);
      const { caller } = who;
      const limited = caller.type === "anonymous" ? this.#limited(http) : undefined;
      if (limited !== undefined) {
        denials?.report(http, { door: "rest", reason: "address_limited" });
        return refuse(response, limited);
      }
      http.resume();
      send(response, await unrouted({ http, caller, signal }, refusal), http.method === "HEAD");
    });
  }

  #route(found: Found, request: IncomingMessage, response: ServerResponse, query: string): void {
    this.#work(found.route.path, response, ({ open, signal }) =>
      this.#answer(found, { http: request, query: new URLSearchParams(query), signal }, open),
    );
  }

  /** Has a request answered, until which it counts as open; the signal aborts when the client is gone. */
  #work(
    path: string,
    response: ServerResponse,
    work: (owed: { readonly open: OpenAnswer<RefuseUnread>; readonly signal: CancelSignal }) => Promise<void>,
  ): void {
    const open = this.open.add(response);
    const left = new AbortController();
    response.once("close", () => left.abort());
    work({ open, signal: left.signal }).catch((error: unknown) => {
      this.#options.onError(error, path);
      const message = "this could not be answered because of an error in the gateway; its log says more";
      refuse(response, { status: 500, code: "internal", message });
    });
  }

  async #answer(
    { route, params }: Found,
    asked: Pick<RouteRequest, "http" | "query" | "signal">,
    open: OpenAnswer<RefuseUnread>,
  ): Promise<void> {
    const { http } = asked;
    const { response } = open;
    const admitted = await this.#admit(route, http);
    if (admitted.kind === "refused") return refuse(response, admitted.refusal);
    const { caller } = admitted;
    const unread = { ...asked, caller, params };
    const full = this.#options.places?.refusal(http, response, caller);
    if (full !== undefined) return refuseCaller(route, unread, response, full);
    const exchange = this.#options.traffic.exchange(http, response, caller);
    const body = route.method === "GET" ? EMPTY : await this.#body(http, open, exchange);
    if ("status" in body) return refuseCaller(route, unread, response, body);
    const answer = await route.handle({ ...unread, body }, response);
    if (answer !== undefined) sendCounted(response, answer, exchange);
  }

  /** The body of a request, or why it is refused. */
  async #body(http: IncomingMessage, open: OpenAnswer<RefuseUnread>, exchange: Exchange): Promise<Buffer | Refusal> {
    const refusal = unsupportedBody(http);
    if (refusal !== undefined) return refusal;
    const { bodyBytesMax: bytesMax } = this.#options;
    const body = await new Promise<Buffer | Refusal>((resolve) => {
      open.unread = resolve;
      readBody(http, open.response, { bytesMax, exchange }, (outcome) => {
        switch (outcome.kind) {
          case "body":
            return resolve(outcome.body);
          case "aborted":
            return resolve(CLIENT_LEFT);
          case "no_room":
            return resolve(NO_ROOM);
          case "too_large":
            return resolve(bodyTooLarge(bytesMax));
        }
      });
    });
    open.unread = undefined;
    return body;
  }

  async #admit(
    { permission, probe, path }: Route,
    http: IncomingMessage,
  ): Promise<{ readonly kind: "caller"; readonly caller: Caller } | { kind: "refused"; refusal: Refusal }> {
    if (permission === "public") {
      const limited = probe === true ? undefined : this.#limited(http);
      return limited === undefined
        ? { kind: "caller", caller: ANONYMOUS_CALLER }
        : { kind: "refused", refusal: limited };
    }
    const { access, strangers, denials } = this.#options;
    const identification = await (strangers ?? access).identify(http);
    if (identification.kind === "refused" || access.permits(identification.caller, permission)) return identification;
    const { caller } = identification;
    denials?.report(http, { door: doorOf(path), reason: "permission", permission, caller });
    const message = `"${caller.id}" may not do this: no role of theirs has the permission ${permission}`;
    return { kind: "refused", refusal: { status: 403, code: "forbidden", message } };
  }
}

/** Clients and frameworks add a slash to paths, and mean the same place. */
function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** What a form or script of a foreign page can send without asking first is no JSON, so nothing but JSON is taken. */
function unsupportedBody({ headers }: IncomingMessage): Refusal | undefined {
  const type = headers["content-type"];
  const empty = (headers["content-length"] ?? "0") === "0" && headers["transfer-encoding"] === undefined;
  if (!(type === undefined && empty) && !/^application\/json\s*(?:;|$)/i.test(type ?? "")) {
    const message = `the content type must be application/json, not ${JSON.stringify((type ?? "").slice(0, 100))}`;
    return { status: 415, code: "unsupported_media_type", message };
  }
  const encoding = headers["content-encoding"];
  if (encoding === undefined || encoding === "identity") return undefined;
  const message = `the body must not be encoded, but is ${JSON.stringify(encoding.slice(0, 100))}`;
  return { status: 415, code: "unsupported_encoding", message };
}

/** Refuses a request of somebody who may use the route, and has it recorded where the route does that. */
async function refuseCaller(
  route: Route,
  request: UnreadRequest,
  response: ServerResponse,
  refusal: Refusal,
): Promise<void> {
  request.http.resume();
  const answer: Answer = (await route.refuse?.(request, refusal)) ?? refusalAnswer(refusal);
  send(response, answer, request.http.method === "HEAD");
}

/** Refuses a request; what still comes of it is thrown away. */
function refuse(response: ServerResponse, refusal: Refusal): void {
  response.req.resume();
  send(response, refusalAnswer(refusal), response.req.method === "HEAD");
}
