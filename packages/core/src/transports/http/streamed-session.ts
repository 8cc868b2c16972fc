import type { Clock } from "../../platform/platform.ts";
import type { IncomingMessage } from "../../protocol/decode.ts";
import type { JsonRpcNotification } from "../../protocol/json-rpc.ts";
import type { ResultPayload } from "../../protocol/result-payload.ts";
import { CallOrigins } from "../call-origins.ts";
import { notificationText, outgoingParams, requestText } from "../outgoing-message.ts";
import type { SessionObserver, UpstreamRequest } from "../session.ts";
import type { HttpClient } from "./http-client.ts";
import { HttpSession } from "./http-session.ts";
import type { RpcCall } from "./rpc-call.ts";

/** What sessions of the legacy era have in common over HTTP: a stream of their own, on which messages do not say whose they are. */
export abstract class StreamedSession extends HttpSession {
  protected readonly clock: Clock;
  readonly #isSole: boolean;
  readonly #origins: CallOrigins;

  /** `isSole` is for a session of one client or caller. */
  constructor(
    client: HttpClient,
    observer: SessionObserver,
    { clock, isSole = false }: { readonly clock: Clock; readonly isSole?: boolean | undefined },
  ) {
    super(client, observer);
    this.clock = clock;
    this.#isSole = isSole;
    this.#origins = new CallOrigins(isSole);
  }

  override notify(notification: JsonRpcNotification): void {
    if (this.closed) return;
    this.post(notificationText(notification), "notification");
  }

  protected override textOf(request: UpstreamRequest, id: number): string {
    return requestText(id, request.method, outgoingParams(request, id, undefined));
  }

  override learn(call: RpcCall, result: ResultPayload): ResultPayload {
    this.#origins.heard(call.id, this.clock.nowMs());
    return result;
  }

  override cancelled(call: RpcCall): void {
    this.#origins.givenUp(call.request, { id: call.id, lastId: this.lastId }, this.clock.nowMs());
    this.notify({ method: "notifications/cancelled", params: { requestId: call.id, reason: "the caller gave up" } });
  }

  override forget(call: RpcCall): void {
    super.forget(call);
    this.#origins.answered(call.request, this.clock.nowMs());
  }

  /** Takes a message that came on the stream of the session; `bytes` is its size. */
  protected heard(message: IncomingMessage, bytes: number): void {
    this.count(message);
    switch (message.kind) {
      case "notification":
        this.#announced({ method: message.method, params: message.params });
        break;
      case "request": {
        const { id, method, params } = message;
        this.serve({ id, method, params }, this.#origin(), this.#isSole);
        break;
      }
      case "response":
      case "error":
        this.callOf(message.id)?.answerElsewhere(message, bytes);
        break;
      case "invalid":
        break;
    }
  }

  /** Whether an answer that does not say to what may be one to a call that was given up. */
  protected mayBeOfOneGivenUp(): boolean {
    return this.#origins.mayBeOfOneGivenUp(this.clock.nowMs());
  }

  #origin(): ReturnType<CallOrigins["callOf"]> {
    return this.#origins.callOf(this.inFlight(), this.clock.nowMs());
  }

  /** A notification on the stream of the session, which says nothing about the call that it stems from. */
  #announced(notification: JsonRpcNotification): void {
    const origin = notification.method === "notifications/message" ? this.#origin() : undefined;
    if (typeof origin !== "object" || origin.onNotification === undefined) this.route(notification, undefined);
    else origin.onNotification(notification);
  }

  /** Declares the lists stale: nobody heard what changed, or a server that forgot its sessions was restarted as another version. */
  protected announceChanges(): void {
    for (const kind of ["tools", "prompts", "resources"] as const) {
      if (this.peer.capabilities[kind] === undefined) continue;
      this.observer.onNotification({ method: `notifications/${kind}/list_changed`, params: {} });
    }
  }
}
