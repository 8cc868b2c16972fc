import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { FailureCode } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import type { Access, Identification } from "../access/access.ts";
import { bodyTooLarge, failureOf, NO_ROOM, type Refusal, rpcRefusalAnswer, send, sendOptions } from "./answer.ts";
import type { CallerPlaces } from "./caller-places.ts";
import type { Denials } from "./denials.ts";
import { type OpenAnswer, OpenAnswers } from "./open-answers.ts";
import { readBody } from "./read-body.ts";
import type { Strangers } from "./strangers.ts";
import type { Exchange, Traffic } from "./traffic.ts";

/** One face of the protocol: the aggregate, the management, or one server. */
export interface HttpFace {
  /** Answers a POST, GET or DELETE whose body has been read; empty for GET and DELETE. `exchange` has counted the body. */
  handleHttp(
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    caller: Caller,
    exchange?: Exchange,
  ): void;
  /** The same over HTTP+SSE: a GET opens a stream, a POST brings a message for one. */
  readonly handleSse: HttpFace["handleHttp"];
  /** Has it recorded that a caller's request was refused before its body was read; it is answered elsewhere. */
  tellRefused(
    request: IncomingMessage,
    caller: Caller,
    refusal: { readonly message: string; readonly failure: FailureCode },
  ): void;
}

/** The aggregate, which also has recorded what becomes of requests that no other face is there for. */
export interface AggregateFace extends HttpFace {
  /** Has it recorded what was asked of a server that does not exist: a call as one of an unknown tool. It is answered elsewhere. */
  tellUnknownServer(
    request: IncomingMessage,
    caller: Caller,
    asked: { readonly server: string; readonly body: Buffer; readonly message: string },
  ): void;
}

export interface McpEndpointOptions {
  readonly access: Access;
  /** Limits by address what is refused before anybody is known; nothing is limited without it. */
  readonly strangers?: Strangers | undefined;
  /** Bounds what each caller has open; nothing is bounded without it. */
  readonly places?: CallerPlaces | undefined;
  /** Told of everybody who is refused with 403; nobody is without it. */
  readonly denials?: Denials | undefined;
  readonly aggregate: AggregateFace;
  /** The tools of the gateway itself. */
  readonly management: HttpFace;
  /** Whether any of them is there for a caller, who needs no other permission to come for it. */
  readonly mayManage: (caller: Caller) => boolean;
  /** The face of one server; `undefined` when there is no such server. */
  readonly ofServer: (id: string) => HttpFace | undefined;
  /** Whether clients of HTTP+SSE are served; read on each use. They are not without it. */
  readonly servesSse?: (() => boolean) | undefined;
  readonly bodyBytesMax: number;
  readonly traffic: Traffic;
}

/** A request of somebody who is known. */
interface Asked {
  readonly response: ServerResponse;
  readonly caller: Caller;
  readonly way: Way;
  /** Of a POST only. */
  readonly open: OpenAnswer<Unread> | undefined;
}

/** Who would answer a request whose body has not come, and who asks. */
interface Unread {
  readonly face: HttpFace;
  readonly caller: Caller;
}

/** How a client speaks to an endpoint: by Streamable HTTP, or by HTTP+SSE, which has an address for each direction. */
type Way = "mcp" | "sse" | "messages";

/** Where a path of MCP leads. */
export type McpTarget = { readonly way: Way } & (
  | { readonly kind: "aggregate" | "management" }
  /** The server that the path names; it may not exist. */
  | { readonly kind: "server"; readonly id: string; readonly path: string }
);

/** The methods that each way has, besides those that are answered without asking an endpoint. */
const METHODS: Readonly<Record<Way, readonly string[]>> = {
  mcp: ["GET", "POST", "DELETE"],
  sse: ["GET"],
  messages: ["POST"],
};
const SERVERS = "/servers/";
const SERVER_PATH = /^\/servers\/([^/]+)\/(mcp|sse|messages)$/;

/**
 * Finds out who asks and whether they may, checks what HTTP decides, reads the body and hands the request to its face.
 * Knows which answers are outstanding.
 */
export class McpEndpoint {
  readonly #options: McpEndpointOptions;
  readonly open = new OpenAnswers<Unread>((response, refusal, unread) => {
    if (unread === undefined) this.refuse(response, refusal);
    else this.#refuseCaller(unread.face, response, unread.caller, refusal);
  });

  constructor(options: McpEndpointOptions) {
    this.#options = options;
  }

  targetOf(path: string): McpTarget | undefined {
    if (path === "/mcp") return AGGREGATE;
    if (path === "/manage/mcp") return MANAGEMENT;
    const servesSse = this.#options.servesSse?.() === true;
    if (path.startsWith(SERVERS)) {
      const [, id = "", way] = SERVER_PATH.exec(path) ?? [];
      if (isWay(way) && (way === "mcp" || servesSse)) return { kind: "server", way, id, path };
      // What is no endpoint is one of a server that does not exist, so that who asks for it is known.
      return { kind: "server", way: "mcp", id: "", path };
    }
    return servesSse ? SSE_TARGETS.get(path) : undefined;
  }

  handle(target: McpTarget, request: IncomingMessage, response: ServerResponse): void {
    if (request.method === "OPTIONS") return sendOptions(response, allowOf(target.way));
    const open = request.method === "POST" ? this.open.add(response) : undefined;
    const { access, strangers = access } = this.#options;
    const identified = strangers.identify(request);
    if (!(identified instanceof Promise)) return this.#admit(identified, target, request, response, open);
    // A look at the issuer of a token takes time, in which the client may leave.
    void identified.then((settled) => {
      if (!response.destroyed) this.#admit(settled, target, request, response, open);
      else if (settled.kind === "caller") this.#tellLeft(this.#options.aggregate, request, settled.caller);
    });
  }

  refuse(response: ServerResponse, refusal: Refusal): void {
    response.req.resume();
    send(response, rpcRefusalAnswer(refusal), response.req.method === "HEAD");
  }

  #admit(
    who: Identification,
    target: McpTarget,
    request: IncomingMessage,
    response: ServerResponse,
    open: OpenAnswer<Unread> | undefined,
  ): void {
    if (who.kind === "refused") return this.refuse(response, who.refusal);
    const { caller } = who;
    const { access, places, denials, aggregate } = this.#options;
    const full = places?.refusal(request, response, caller);
    if (full !== undefined) return this.#refuseCaller(aggregate, response, caller, full);
    const isForManagement = target.kind === "management";
    if (!access.permits(caller, "tools:call") && !(isForManagement && this.#options.mayManage(caller))) {
      denials?.report(request, { door: "mcp", reason: "permission", permission: "tools:call", caller });
      const lack = `no role of theirs has the permission tools:call${isForManagement ? " or one that a tool here needs" : ""}`;
      return this.refuse(response, {
        status: 403,
        code: "forbidden",
        message: `"${caller.id}" may not use MCP: ${lack}`,
      });
    }
    const { way } = target;
    const asked = { response, caller, open, way };
    if (target.kind !== "server") return this.#serve(this.#options[target.kind], request, asked);
    const face = access.reaches(caller, target.id) ? this.#options.ofServer(target.id) : undefined;
    if (face !== undefined) return this.#serve(face, request, asked);
    const nowhere = this.#nowhere(target);
    if (open !== undefined && refusalOf(request, way) === undefined) return this.#post(nowhere, request, open, asked);
    nowhere.handleHttp(request, response, EMPTY, caller);
  }

  /**
   * The face of a server that does not exist, or of which the caller may use nothing, so that it does not exist for the
   * caller. Both are read and refused alike, whatever is wrong with the request.
   */
  #nowhere({ id, path }: Extract<McpTarget, { kind: "server" }>): HttpFace {
    const { aggregate, access, denials, ofServer } = this.#options;
    const refusal = unknownServer(path);
    const isHidden = (caller: Caller): boolean => ofServer(id) !== undefined && !access.reaches(caller, id);
    const handle: HttpFace["handleHttp"] = (request, response, body, caller) => {
      if (isHidden(caller)) denials?.report(request, { door: "mcp", reason: "not_reached", caller });
      else aggregate.tellUnknownServer(request, caller, { server: id, body, message: refusal.message });
      this.refuse(response, refusal);
    };
    return {
      handleHttp: handle,
      handleSse: handle,
      tellRefused: (request, caller, told) => {
        if (isHidden(caller)) denials?.report(request, { door: "mcp", reason: "not_reached", caller });
        else aggregate.tellRefused(request, caller, told);
      },
    };
  }

  #serve(face: HttpFace, request: IncomingMessage, asked: Asked): void {
    const { response, caller, open, way } = asked;
    // Clients and load balancers ask in this way whether there is anything: nothing is done for it, and nothing told.
    if (request.method === "HEAD") return sendHead(response, way);
    const refusal = refusalOf(request, way);
    if (refusal !== undefined) return this.#refuseCaller(face, response, caller, refusal);
    if (open !== undefined) return this.#post(face, request, open, asked);
    request.resume();
    if (way === "mcp") face.handleHttp(request, response, EMPTY, caller);
    else face.handleSse(request, response, EMPTY, caller);
  }

  /** Refuses a request of somebody who is known and may use MCP, and has it recorded. */
  #refuseCaller(face: HttpFace, response: ServerResponse, caller: Caller, refusal: Refusal): void {
    face.tellRefused(response.req, caller, { message: refusal.message, failure: failureOf(refusal) });
    this.refuse(response, refusal);
  }

  #tellLeft(face: HttpFace, request: IncomingMessage, caller: Caller): void {
    const message = "the client left before its request had come";
    face.tellRefused(request, caller, { message, failure: "cancelled" });
  }

  #post(face: HttpFace, request: IncomingMessage, open: OpenAnswer<Unread>, { caller, way }: Asked): void {
    const { bodyBytesMax: bytesMax, traffic } = this.#options;
    const { response } = open;
    const exchange = traffic.exchange(request, response, caller);
    open.unread = { face, caller };
    readBody(request, response, { bytesMax, exchange }, (outcome) => {
      // What was refused while it came is told already.
      if (open.unread === undefined) return;
      open.unread = undefined;
      if (outcome.kind === "body" && way === "mcp") {
        return face.handleHttp(request, response, outcome.body, caller, exchange);
      }
      if (outcome.kind === "body") return face.handleSse(request, response, outcome.body, caller, exchange);
      if (outcome.kind === "aborted") return this.#tellLeft(face, request, caller);
      this.#refuseCaller(face, response, caller, outcome.kind === "no_room" ? NO_ROOM : bodyTooLarge(bytesMax));
    });
  }
}

const AGGREGATE: McpTarget = { kind: "aggregate", way: "mcp" };
const MANAGEMENT: McpTarget = { kind: "management", way: "mcp" };
const SSE_TARGETS: ReadonlyMap<string, McpTarget> = new Map([
  ["/sse", { kind: "aggregate", way: "sse" }],
  ["/messages", { kind: "aggregate", way: "messages" }],
  ["/manage/sse", { kind: "management", way: "sse" }],
  ["/manage/messages", { kind: "management", way: "messages" }],
]);
const EMPTY: Buffer = Buffer.alloc(0);

function isWay(text: string | undefined): text is Way {
  return text !== undefined && Object.hasOwn(METHODS, text);
}

/** The methods of HTTP that an endpoint answers. */
function allowOf(way: Way): string {
  return [...METHODS[way], "HEAD", "OPTIONS"].join(", ");
}

/** Answers HEAD at an endpoint that is there. */
function sendHead(response: ServerResponse, way: Way): void {
  response.req.resume();
  send(response, { status: 200, contentType: "application/json", body: "", headers: { allow: allowOf(way) } }, true);
}

function unknownServer(path: string): Refusal {
  const message = `there is no server at ${JSON.stringify(path.slice(0, 100))}; GET /api/mcp_servers lists them`;
  return { status: 404, code: "unknown_server", message };
}

function refusalOf({ method = "", headers }: IncomingMessage, way: Way): Refusal | undefined {
  if (METHODS[way].includes(method)) return method === "POST" ? unsupportedBody(headers) : undefined;
  const message = `${method} is not possible here; ${METHODS[way].join(", ")} ${METHODS[way].length > 1 ? "are" : "is"}`;
  return { status: 405, code: "method_not_allowed", message, headers: { allow: allowOf(way) } };
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
