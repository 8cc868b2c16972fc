import type { IncomingMessage } from "../../protocol/decode.ts";
import type { PeerDescription } from "../../protocol/eras.ts";
import { isJsonObject, type JsonRpcNotification, type JsonRpcRequest, RPC } from "../../protocol/json-rpc.ts";
import type { ResultPayload } from "../../protocol/result-payload.ts";
import { answerOf, requestOfTask, type Unclear } from "../call-origins.ts";
import { LateProgress } from "../late-progress.ts";
import { replyText } from "../outgoing-message.ts";
import { ownId, RequestTable } from "../request-table.ts";
import type {
  ServerRequestReply,
  SessionObserver,
  UpstreamReply,
  UpstreamRequest,
  UpstreamSession,
} from "../session.ts";
import { count } from "./count.ts";
import { httpCloseFailure } from "./failures.ts";
import type { HttpClient } from "./http-client.ts";
import type { Ending, MessageExchange } from "./message-exchange.ts";
import { Postbox } from "./postbox.ts";
import { RpcCall } from "./rpc-call.ts";

/** News for the whole session, whichever stream a server sends them on. */
const SESSION_NEWS: ReadonlySet<string> = new Set([
  "notifications/tools/list_changed",
  "notifications/prompts/list_changed",
  "notifications/resources/list_changed",
  "notifications/resources/updated",
  "notifications/tasks/status",
]);

/** Things skipped, of one session, that the log tells of: more say nothing new. */
const SKIPPED_LOGGED_MAX = 20;

/** What both eras share of a session over Streamable HTTP: calls in flight, and where messages of the server belong. */
export abstract class HttpSession implements UpstreamSession {
  readonly client: HttpClient;
  protected readonly observer: SessionObserver;
  readonly #calls = new RequestTable<RpcCall>();
  readonly #posts: Postbox;
  readonly #skipped = new Set<string>();
  readonly #late = new LateProgress();
  #closing: Promise<void> | undefined;

  constructor(client: HttpClient, observer: SessionObserver) {
    this.client = client;
    this.observer = observer;
    this.#posts = new Postbox(client);
  }

  abstract get peer(): PeerDescription;
  abstract notify(notification: JsonRpcNotification): void;

  /** Sends a call; its ending comes back through {@link ended}. */
  protected abstract dispatch(call: RpcCall): void;
  /** The JSON text of a request, with what the era adds. */
  protected abstract textOf(request: UpstreamRequest, id: number): string;
  /** The headers of a message that nobody waits for. */
  protected abstract postHeaders(): string[];
  /** Ends what the era keeps open, and says goodbye to the server where the era has a way to. */
  protected abstract farewell(): Promise<void>;

  /** An HTTP request ended before the call was answered. */
  abstract ended(call: RpcCall, ending: Ending, exchange: MessageExchange): void;
  /** The caller gave up a request that the server may be working on. */
  abstract cancelled(call: RpcCall): void;

  protected get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** The id of the request that was sent last. */
  protected get lastId(): number {
    return this.#calls.lastId;
  }

  /** The requests that wait for their answers. */
  protected inFlight(): readonly UpstreamRequest[] {
    return this.#calls.values().map(({ request }) => request);
  }

  /** The calls that wait for their answers, as they are now. */
  protected calls(): readonly RpcCall[] {
    return this.#calls.values();
  }

  /** Where messages are posted that nobody waits for: path and query, or `undefined` for the endpoint itself. */
  protected postPath(): string | undefined {
    return undefined;
  }

  request(request: UpstreamRequest): Promise<UpstreamReply> {
    if (this.closed) return Promise.resolve(httpCloseFailure(request.method, false));
    if (request.signal?.aborted) {
      const message = "the request was given up before it was sent";
      return Promise.resolve({ kind: "failed", errorType: "aborted", message, maybeExecuted: false });
    }
    const id = this.#calls.nextId();
    const text = this.textOf(request, id);
    if (request.sizes !== undefined) request.sizes.requestBytes = Buffer.byteLength(text);
    return new Promise((resolve) => {
      const call = new RpcCall(this, { id, request, text }, resolve);
      this.#calls.add(id, call);
      this.observer.onMessage("sent", "request");
      this.dispatch(call);
    });
  }

  peerFor(): Promise<PeerDescription> {
    return Promise.resolve(this.peer);
  }

  connections(): number {
    return this.client.connections();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Reads what later requests need out of a result, and gives it back as the caller is to see it. */
  learn(_call: RpcCall, result: ResultPayload): ResultPayload {
    return result;
  }

  /** The call in flight with an id, which a server may give back as text. */
  protected callOf(id: unknown): RpcCall | undefined {
    const own = ownId(id);
    return own === undefined ? undefined : this.#calls.get(own);
  }

  forget(call: RpcCall): void {
    this.#calls.take(call.id);
    this.#late.answered(call.id, call.request);
  }

  count(message: IncomingMessage): void {
    count(this.observer, message);
  }

  /** Tells the log of what came in place of an answer, once each; `reason` is a clause. */
  skipped(method: string, reason: string): void {
    this.logOnce(`[http] a message in answer to ${method} was skipped: ${reason}`);
  }

  /** Tells the log of something that was skipped, once, and of only so many in all. */
  protected logOnce(line: string): void {
    if (this.#skipped.size >= SKIPPED_LOGGED_MAX || this.#skipped.has(line)) return;
    this.#skipped.add(line);
    this.observer.onLog(line);
  }

  /** Hands a notification to whom it belongs; `call` is the one on whose stream it came. */
  route(notification: JsonRpcNotification, call: RpcCall | undefined): void {
    if (notification.method === "notifications/progress") this.#routeProgress(notification);
    else if (SESSION_NEWS.has(notification.method)) this.observer.onNotification(notification);
    else {
      const request = requestOfTask(() => this.inFlight(), notification.params) ?? call?.request;
      if (request === undefined) this.observer.onNotification(notification);
      else if (request !== call?.request || !call.settled) request.onNotification?.(notification);
    }
  }

  /** Has a request of the server answered, by the client of the call on whose stream it came or from which it must stem. */
  serve(request: JsonRpcRequest, origin: UpstreamRequest | Unclear, isSole = false): void {
    if (request.method === "ping") {
      this.reply(request, { kind: "result", result: {} });
      return;
    }
    const ofTask = requestOfTask(() => this.inFlight(), request.params);
    answerOf(request, ofTask ?? origin, this.observer, isSole).then(
      (reply) => this.reply(request, reply),
      (error: unknown) => this.reply(request, internalError(error)),
    );
  }

  protected reply(request: JsonRpcRequest, reply: ServerRequestReply): void {
    if (this.closed) return;
    this.post(replyText(request, reply), reply.kind === "result" ? "response" : "error");
  }

  /** Sends a message that nobody waits for. */
  protected post(text: string, kind: "notification" | "response" | "error", headers = this.postHeaders()): void {
    if (this.#posts.post(headers, text, this.postPath())) this.observer.onMessage("sent", kind);
  }

  #routeProgress(notification: JsonRpcNotification): void {
    const token = notification.params.progressToken;
    const own = ownId(token);
    const late = own === undefined ? undefined : this.#late.of(own);
    const request = this.callOf(token)?.request ?? late;
    const meta = request?.params._meta;
    if (request === undefined || !isJsonObject(meta) || meta.progressToken === undefined) return;
    const params = { ...notification.params, progressToken: meta.progressToken };
    request.onNotification?.({ method: notification.method, params });
  }

  async #close(): Promise<void> {
    for (const call of this.#calls.values()) call.fail(httpCloseFailure(call.request.method, call.sent));
    this.#posts.close();
    await this.farewell();
    await this.client.destroy();
  }
}

function internalError(error: unknown): ServerRequestReply {
  const message = error instanceof Error ? error.message : String(error);
  return { kind: "error", error: { code: RPC.internalError, message } };
}
