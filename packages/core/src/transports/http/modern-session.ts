import type { Platform } from "../../platform/platform.ts";
import { type Implementation, META, type PeerDescription } from "../../protocol/eras.ts";
import { modernHop } from "../../protocol/handshake.ts";
import {
  isJsonObject,
  type JsonObject,
  type JsonRpcNotification,
  type JsonRpcRequest,
} from "../../protocol/json-rpc.ts";
import type { ResultPayload } from "../../protocol/result-payload.ts";
import { type HopMeta, notificationText, outgoingParams, requestText } from "../outgoing-message.ts";
import type { SessionObserver, UpstreamRequest } from "../session.ts";
import { EventStream } from "./event-stream.ts";
import { failureOf, rpcErrorIn } from "./failures.ts";
import type { HttpClient } from "./http-client.ts";
import { HttpSession } from "./http-session.ts";
import { type Ending, MessageExchange } from "./message-exchange.ts";
import { ParamHeaders } from "./param-headers.ts";
import { addRouting, addTrace, postHeaders } from "./protocol-headers.ts";
import type { RpcCall } from "./rpc-call.ts";

const LISTEN = "subscriptions/listen";
/** The id of the background subscription: a string, so that it cannot be mistaken for that of a call. */
const LISTEN_ID = "hangar-listen";

/** Which news a capability announces, by the names of the subscription filter. */
const NEWS = [
  { capability: "tools", filter: "toolsListChanged", method: "notifications/tools/list_changed" },
  { capability: "prompts", filter: "promptsListChanged", method: "notifications/prompts/list_changed" },
  { capability: "resources", filter: "resourcesListChanged", method: "notifications/resources/list_changed" },
] as const;

/** What a session needs apart from its client and observer. */
export interface ModernSessionOptions {
  readonly platform: Platform;
  readonly peer: PeerDescription;
  readonly clientInfo: Implementation;
  readonly fixedHeaders: readonly string[];
}

/** A session with a stateless server (revision 2026-07-28 and later): every request stands alone. */
export class ModernSession extends HttpSession {
  readonly peer: PeerDescription;
  readonly #headers: readonly string[];
  readonly #hop: NonNullable<HopMeta>;
  readonly #paramHeaders: ParamHeaders;
  readonly #listening: EventStream | undefined;

  constructor(client: HttpClient, observer: SessionObserver, options: ModernSessionOptions) {
    super(client, observer);
    this.peer = options.peer;
    this.#paramHeaders = new ParamHeaders((line) => observer.onLog(line));
    this.#headers = postHeaders(options.fixedHeaders, options.peer.protocolVersion);
    this.#hop = modernHop(options.clientInfo, options.peer.protocolVersion);
    const news = NEWS.filter(({ capability }) => announces(options.peer, capability));
    if (news.length > 0) this.#listening = this.#listen(options.platform, news);
    this.#listening?.open();
  }

  override notify(notification: JsonRpcNotification): void {
    if (this.closed) return;
    const meta = isJsonObject(notification.params._meta) ? notification.params._meta : {};
    const params = { ...notification.params, _meta: { ...meta, ...this.#hop } };
    const headers = [...this.#headers];
    addRouting(headers, notification.method, params);
    this.post(notificationText({ method: notification.method, params }), "notification", headers);
  }

  protected override textOf(request: UpstreamRequest, id: number): string {
    return requestText(id, request.method, outgoingParams(request, id, this.#hop));
  }

  protected override dispatch(call: RpcCall): void {
    const { method, params, trace } = call.request;
    const headers = this.#headers.slice();
    addRouting(headers, method, params);
    if (method === "tools/call") this.#paramHeaders.add(headers, params);
    addTrace(headers, trace);
    const exchange = new MessageExchange(this.client, "POST", call, method === LISTEN);
    exchange.repeatable = call.repeatable;
    call.attach(exchange);
    this.client.send(exchange, headers, call.text);
  }

  override ended(call: RpcCall, ending: Ending): void {
    const answer = ending.kind === "status" ? rpcErrorIn(ending.body) : undefined;
    // Errors of the modern era come with a status of 4xx: the body is the answer.
    if (answer?.id === call.id) {
      this.observer.onMessage("received", "error");
      call.settle({ kind: "error", error: answer.error });
    } else call.fail(failureOf(ending, call.request.method));
  }

  /** Closing the response, which the call does next, is the cancellation. */
  override cancelled(): void {}

  override route(notification: JsonRpcNotification, call: RpcCall | undefined): void {
    // On a subscription that a caller opened, everything is for that caller.
    if (call?.request.method === LISTEN) call.request.onNotification?.(notification);
    else super.route(notification, call);
  }

  /** Modern servers must not send requests, and there is no way to answer one. */
  override serve(_request: JsonRpcRequest): void {}

  override learn(call: RpcCall, result: ResultPayload): ResultPayload {
    return call.request.method === "tools/list" ? this.#paramHeaders.learn(result) : result;
  }

  protected override postHeaders(): string[] {
    return [...this.#headers];
  }

  protected override async farewell(): Promise<void> {
    this.#listening?.close();
  }

  #listen(platform: Platform, news: readonly (typeof NEWS)[number][]): EventStream {
    const filter: Record<string, boolean> = {};
    for (const { filter: name } of news) filter[name] = true;
    const params = { notifications: filter, _meta: { ...this.#hop } };
    const text = JSON.stringify({ jsonrpc: "2.0", id: LISTEN_ID, method: LISTEN, params });
    return new EventStream(this.client, platform, {
      method: "POST",
      request: () => {
        this.observer.onMessage("sent", "request");
        const headers = [...this.#headers];
        addRouting(headers, LISTEN, params);
        return { headers, text };
      },
      onMessage: (message) => {
        this.count(message);
        if (message.kind !== "notification" || message.method.startsWith("notifications/subscriptions/")) return;
        this.observer.onNotification({ method: message.method, params: withoutSubscription(message.params) });
      },
      onOpen: (gap) => {
        // What changed while nobody listened was lost, so the lists are declared stale.
        if (gap) for (const { method } of news) this.observer.onNotification({ method, params: {} });
      },
      onRefused: (status) => status === 429 || status >= 500,
    });
  }
}

function announces(peer: PeerDescription, capability: string): boolean {
  const announced = peer.capabilities[capability];
  return isJsonObject(announced) && announced.listChanged === true;
}

function withoutSubscription(params: JsonObject): JsonObject {
  if (!isJsonObject(params._meta)) return params;
  const { [META.subscriptionId]: _ours, ...meta } = params._meta;
  return { ...params, _meta: meta };
}
