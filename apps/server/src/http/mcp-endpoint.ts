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
  readonly bodyBytesMax: number;
  readonly traffic: Traffic;
}

/** A request of somebody who is known. */
interface Asked {
  readonly response: ServerResponse;
  readonly caller: Caller;
  /** Of a POST only. */
  readonly open: OpenAnswer<Unread> | undefined;
}

/** Who would answer a request whose body has not come, and who asks. */
interface Unread {
  readonly face: HttpFace;
  readonly caller: Caller;
}

/** Where a path of MCP leads. */
export type McpTarget =
  | { readonly kind: "aggregate" | "management" }
  /** The server that the path names; it may not exist. */
  | { readonly kind: "server"; readonly id: string; readonly path: string };

const ALLOW = "GET, HEAD, POST, DELETE, OPTIONS";
const SERVERS = "/servers/";
const SERVER_PATH = /^\/servers\/([^/]+)\/mcp$/;

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
    if (!path.startsWith(SERVERS)) return undefined;
    // What is no endpoint is one of a server that does not exist, so that who asks for it is known.
    return { kind: "server", id: SERVER_PATH.exec(path)?.[1] ?? "", path };
  }

  handle(target: McpTarget, request: IncomingMessage, response: ServerResponse): void {
    if (request.method === "OPTIONS") return sendOptions(response, ALLOW);
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
    const asked = { response, caller, open };
    if (target.kind !== "server") return this.#serve(this.#options[target.kind], request, asked);
    const face = access.reaches(caller, target.id) ? this.#options.ofServer(target.id) : undefined;
    if (face !== undefined) return this.#serve(face, request, asked);
    const nowhere = this.#nowhere(target);
    if (open !== undefined && refusalOf(request) === undefined) return this.#post(nowhere, request, open, caller);
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
    return {
      handleHttp: (request, response, body, caller) => {
        if (isHidden(caller)) denials?.report(request, { door: "mcp", reason: "not_reached", caller });
        else aggregate.tellUnknownServer(request, caller, { server: id, body, message: refusal.message });
        this.refuse(response, refusal);
      },
      tellRefused: (request, caller, told) => {
        if (isHidden(caller)) denials?.report(request, { door: "mcp", reason: "not_reached", caller });
        else aggregate.tellRefused(request, caller, told);
      },
    };
  }

  #serve(face: HttpFace, request: IncomingMessage, { response, caller, open }: Asked): void {
    // Clients and load balancers ask in this way whether there is anything: nothing is done for it, and nothing told.
    if (request.method === "HEAD") return sendHead(response);
    const refusal = refusalOf(request);
    if (refusal !== undefined) return this.#refuseCaller(face, response, caller, refusal);
    if (open !== undefined) return this.#post(face, request, open, caller);
    request.resume();
    face.handleHttp(request, response, EMPTY, caller);
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

  #post(face: HttpFace, request: IncomingMessage, open: OpenAnswer<Unread>, caller: Caller): void {
    const { bodyBytesMax: bytesMax, traffic } = this.#options;
    const { response } = open;
    const exchange = traffic.exchange(request, response, caller);
    open.unread = { face, caller };
    readBody(request, response, { bytesMax, exchange }, (outcome) => {
      // What was refused while it came is told already.
      if (open.unread === undefined) return;
      open.unread = undefined;
      if (outcome.kind === "body") return face.handleHttp(request, response, outcome.body, caller, exchange);
      if (outcome.kind === "aborted") return this.#tellLeft(face, request, caller);
      this.#refuseCaller(face, response, caller, outcome.kind === "no_room" ? NO_ROOM : bodyTooLarge(bytesMax));
    });
  }
}

const AGGREGATE: McpTarget = { kind: "aggregate" };
const MANAGEMENT: McpTarget = { kind: "management" };
const EMPTY: Buffer = Buffer.alloc(0);

/** Answers HEAD at an endpoint that is there. */
function sendHead(response: ServerResponse): void {
  response.req.resume();
  send(response, { status: 200, contentType: "application/json", body: "", headers: { allow: ALLOW } }, true);
}

function unknownServer(path: string): Refusal {
  const message = `there is no server at ${JSON.stringify(path.slice(0, 100))}; GET /api/mcp_servers lists them`;
  return { status: 404, code: "unknown_server", message };
}

function refusalOf({ method, headers }: IncomingMessage): Refusal | undefined {
  if (method === "POST") return unsupportedBody(headers);
  if (method === "GET" || method === "DELETE") return undefined;
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
