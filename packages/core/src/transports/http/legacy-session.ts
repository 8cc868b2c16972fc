import type { CancelTimer, Platform } from "../../platform/platform.ts";
import type { PeerDescription } from "../../protocol/eras.ts";
import type { JsonRpcNotification } from "../../protocol/json-rpc.ts";
import { startDeadline } from "../../resilience/deadline.ts";
import { CallOrigins } from "../call-origins.ts";
import { notificationText, outgoingParams, requestText } from "../outgoing-message.ts";
import { type SessionObserver, StartError, type UpstreamRequest } from "../session.ts";
import { EventStream } from "./event-stream.ts";
import { failureOf, meansUnknownSession, resumeFailure, rpcErrorIn } from "./failures.ts";
import type { HttpClient } from "./http-client.ts";
import { HttpSession } from "./http-session.ts";
import { type Ending, MessageExchange } from "./message-exchange.ts";
import { postMessage, sendAndWait } from "./posted-message.ts";
import { addTrace, postHeaders, streamHeaders } from "./protocol-headers.ts";
import type { RpcCall } from "./rpc-call.ts";

/** One handshake with a legacy server: what it said, and the session it opened, if it keeps sessions. */
export interface LegacyHandshake {
  readonly peer: PeerDescription;
  readonly sessionId: string | undefined;
}

/** What a session needs apart from its client, observer and first handshake. */
export interface LegacySessionOptions {
  readonly platform: Platform;
  readonly fixedHeaders: readonly string[];
  /** Milliseconds a renewal of the session may take. */
  readonly renewTimeoutMs: number;
  /** Shakes hands anew. @throws StartError */
  readonly shakeHands: (signal: AbortSignal) => Promise<LegacyHandshake>;
}

/** The time between two renewals. */
export interface Epoch extends LegacyHandshake {
  readonly headers: readonly string[];
}

/** How often in a row an interrupted answer is asked for without any message in between. */
const RESUME_FAILURES_MAX = 3;
const RESUME_MS = 1_000;
const RESUME_MS_MAX = 60_000;

/**
 * A session with a server of revision 2025-11-25 or older. When the server forgets the session, it is renewed once for
 * all requests that meet the loss, and they are sent again: a server that does not know the session has run nothing.
 */
export class LegacySession extends HttpSession {
  readonly #options: LegacySessionOptions;
  readonly #resumptions = new Map<RpcCall, CancelTimer>();
  readonly #ending = new AbortController();
  readonly #origins = new CallOrigins();
  #epoch: Epoch;
  #renewal: Promise<boolean> | undefined;
  #news: EventStream | undefined;
  /** Why the session is beyond repair. */
  #lost: string | undefined;

  constructor(client: HttpClient, observer: SessionObserver, options: LegacySessionOptions, first: LegacyHandshake) {
    super(client, observer);
    this.#options = options;
    this.#epoch = this.#begin(first);
  }

  override get peer(): PeerDescription {
    return this.#epoch.peer;
  }

  override notify(notification: JsonRpcNotification): void {
    if (this.closed) return;
    this.observer.onMessage("sent", "notification");
    this.post(notificationText(notification));
  }

  protected override textOf(request: UpstreamRequest, id: number): string {
    return requestText(id, request.method, outgoingParams(request, id, undefined));
  }

  protected override dispatch(call: RpcCall): void {
    if (this.#lost !== undefined) this.#failLost(call);
    else if (this.#renewal === undefined) this.#send(call);
    else this.#afterRenewal(this.#renewal, call);
  }

  protected override post(text: string): void {
    postMessage(this.client, [...this.#epoch.headers], text);
  }

  override ended(call: RpcCall, ending: Ending, exchange: MessageExchange): void {
    const epoch = call.epoch;
    if (ending.kind === "status") {
      // This look comes first, because some servers refuse an unknown session under the id of the request.
      // Once an answer had begun, the request was executed: it must not be sent again.
      const isFirst = exchange.method === "POST" && !call.retried;
      if (isFirst && epoch?.sessionId !== undefined && meansUnknownSession(ending)) {
        call.retried = true;
        call.detach();
        this.#afterRenewal(this.#renew(epoch), call);
        return;
      }
      const answer = rpcErrorIn(ending.body);
      if (answer?.id === call.id) {
        this.observer.onMessage("received", "error");
        call.settle({ kind: "error", error: answer.error });
        return;
      }
    }
    if (this.#resume(call, ending, exchange)) return;
    const failure = failureOf(ending, call.request.method);
    call.fail(exchange.method === "POST" ? failure : resumeFailure(failure));
  }

  override cancelled(call: RpcCall): void {
    this.#origins.givenUp(call.request, this.#options.platform.clock.nowMs());
    this.#resumptions.get(call)?.();
    this.#resumptions.delete(call);
    this.notify({ method: "notifications/cancelled", params: { requestId: call.id, reason: "the caller gave up" } });
  }

  override forget(call: RpcCall): void {
    super.forget(call);
    this.#origins.answered(call.request, this.#options.platform.clock.nowMs());
    if (this.#resumptions.size === 0) return;
    this.#resumptions.get(call)?.();
    this.#resumptions.delete(call);
  }

  protected override async farewell(): Promise<void> {
    this.#news?.close();
    this.#ending.abort();
    await this.#renewal;
    const { sessionId, headers } = this.#epoch;
    if (sessionId === undefined || this.#lost !== undefined) return;
    const deadline = startDeadline(this.#options.platform.clock, this.client.limits.farewellTimeoutMs);
    await sendAndWait(this.client, { method: "DELETE", headers: [...headers], text: null }, deadline.signal);
    deadline.dispose();
  }

  #send(call: RpcCall): void {
    const exchange = new MessageExchange(this.client, "POST", call);
    call.epoch = this.#epoch;
    call.attach(exchange);
    const headers = this.#epoch.headers.slice();
    addTrace(headers, call.request.trace);
    this.client.send(exchange, headers, call.text);
  }

  #afterRenewal(renewal: Promise<boolean>, call: RpcCall): void {
    void renewal.then((renewed) => {
      // An aborted call is not to be sent any more.
      if (call.settled) return;
      if (renewed) this.#send(call);
      else this.#failLost(call);
    });
  }

  /** One renewal at a time, for all who met the loss of the same epoch. Never rejects. */
  #renew(lost: Epoch): Promise<boolean> {
    if (this.#lost !== undefined) return Promise.resolve(false);
    if (lost !== this.#epoch) return this.#renewal ?? Promise.resolve(!this.closed);
    this.#renewal ??= this.#shakeHandsAgain().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #shakeHandsAgain(): Promise<boolean> {
    this.#news?.close();
    const deadline = startDeadline(this.#options.platform.clock, this.#options.renewTimeoutMs, this.#ending.signal);
    try {
      const handshake = await this.#options.shakeHands(deadline.signal);
      if (this.closed) return false;
      this.#epoch = this.#begin(handshake);
      this.#announceRenewal();
      return true;
    } catch (error) {
      if (!this.closed) this.#lose(error);
      return false;
    } finally {
      deadline.dispose();
    }
  }

  #lose(error: unknown): void {
    const reason = error instanceof StartError ? error.message : String(error);
    const message = `the server forgot the session and a new one could not be opened: ${reason}`;
    this.#lost = message;
    this.observer.onClosed({ reason: "crashed", message });
  }

  /** Fails a call that waits for a session; those that wait for their answer may still get it. */
  #failLost(call: RpcCall): void {
    const message = this.#lost ?? `the session was closed before ${call.request.method} was sent`;
    call.fail({ kind: "failed", errorType: "connection", message, maybeExecuted: false });
  }

  /** A server that forgot its sessions has most likely been restarted, perhaps as another version. */
  #announceRenewal(): void {
    for (const kind of ["tools", "prompts", "resources"] as const) {
      if (this.peer.capabilities[kind] === undefined) continue;
      this.observer.onNotification({ method: `notifications/${kind}/list_changed`, params: {} });
    }
  }

  #begin(handshake: LegacyHandshake): Epoch {
    const { peer, sessionId } = handshake;
    const headers = postHeaders(this.#options.fixedHeaders, peer.protocolVersion, sessionId);
    const epoch = { ...handshake, headers };
    this.#news = new EventStream(this.client, this.#options.platform, {
      method: "GET",
      request: (lastEventId) => ({ headers: streamHeaders(headers, lastEventId), text: null }),
      onMessage: (message) => {
        this.count(message);
        if (message.kind === "notification") this.#announced({ method: message.method, params: message.params });
        else if (message.kind === "request") {
          this.serve({ id: message.id, method: message.method, params: message.params }, undefined);
        }
      },
      onRefused: (status) => {
        if (status === 404 && sessionId !== undefined) void this.#renew(epoch);
        // 409: the server believes that the broken stream still stands.
        return status === 409 || status === 429 || status >= 500;
      },
    });
    this.#news.open();
    return epoch;
  }

  /** A notification on the stream of the session, which says nothing about the call that it stems from. */
  #announced(notification: JsonRpcNotification): void {
    const { clock } = this.#options.platform;
    const isLog = notification.method === "notifications/message";
    const origin = isLog ? this.#origins.callOf(this.inFlight(), clock.nowMs()) : undefined;
    if (origin?.onNotification === undefined) this.route(notification, undefined);
    else origin.onNotification(notification);
  }

  /** Takes an interrupted answer up where it broke off; false when the server gave no way to. */
  #resume(call: RpcCall, ending: Ending, exchange: MessageExchange): boolean {
    const interrupted = ending.kind === "broken" || (ending.kind === "complete" && ending.stream);
    const refused = exchange.method === "GET" && ending.kind === "status" && ending.status >= 500;
    if (call.lastEventId === undefined || !(interrupted || refused) || this.closed) return false;
    if (call.resumeFailures++ >= RESUME_FAILURES_MAX) return false;
    const waitMs = Math.min(call.retryMs ?? RESUME_MS, RESUME_MS_MAX);
    const cancel = this.#options.platform.clock.schedule(waitMs, () => {
      this.#resumptions.delete(call);
      const next = new MessageExchange(this.client, "GET", call);
      call.attach(next);
      this.client.send(next, streamHeaders(this.#epoch.headers, call.lastEventId), null);
    });
    this.#resumptions.set(call, cancel);
    return true;
  }
}
