import type { CancelSignal } from "../../platform/cancellation.ts";
import type { Platform } from "../../platform/platform.ts";
import type { PeerDescription } from "../../protocol/eras.ts";
import type { ResultPayload } from "../../protocol/result-payload.ts";
import { startDeadline } from "../../resilience/deadline.ts";
import { type SessionObserver, StartError } from "../session.ts";
import { ask } from "./ask.ts";
import { EventStream } from "./event-stream.ts";
import { failureOf, meansUnknownSession, resumeFailure, rpcErrorIn } from "./failures.ts";
import type { HttpClient } from "./http-client.ts";
import { type Ending, MessageExchange } from "./message-exchange.ts";
import { sendAndWait } from "./posted-message.ts";
import { addTrace, postHeaders, streamHeaders } from "./protocol-headers.ts";
import { Resumptions } from "./resumptions.ts";
import type { RpcCall } from "./rpc-call.ts";
import { BACKGROUND_STREAM, SessionLoss, subjectOf } from "./session-loss.ts";
import { StreamedSession } from "./streamed-session.ts";

/** One handshake with a legacy server: what it said, and the session it opened, if it keeps sessions. */
export interface LegacyHandshake {
  readonly peer: PeerDescription;
  readonly sessionId: string | undefined;
}

/** What a session needs apart from its client, observer and first handshake. */
export interface LegacySessionOptions {
  readonly platform: Platform;
  readonly fixedHeaders: readonly string[];
  /** Whether the session is for one client or caller alone. */
  readonly isSole?: boolean;
  /** Milliseconds a renewal of the session may take. */
  readonly renewTimeoutMs: number;
  /** Shakes hands anew. @throws StartError */
  readonly shakeHands: (signal: CancelSignal) => Promise<LegacyHandshake>;
}

/** The time between two renewals. */
export interface Epoch extends LegacyHandshake {
  readonly headers: readonly string[];
  /** Whose refusal was the occasion to open it, where that is not a call. */
  readonly openedFor: string | undefined;
}

/**
 * A session with a server of revision 2025-11-25 or older. When the server forgets the session, it is renewed once for
 * all requests that meet the loss, and they are sent again: a server that does not know the session has run nothing.
 */
export class LegacySession extends StreamedSession {
  readonly #options: LegacySessionOptions;
  readonly #resumptions: Resumptions;
  readonly #ending = new AbortController();
  readonly #loss = new SessionLoss(() => this.#isUnknown());
  #epoch: Epoch;
  #renewal: Promise<boolean> | undefined;
  #news: EventStream | undefined;
  /** Why the session is beyond repair. */
  #lost: string | undefined;

  constructor(client: HttpClient, observer: SessionObserver, options: LegacySessionOptions, first: LegacyHandshake) {
    super(client, observer, { clock: options.platform.clock, isSole: options.isSole });
    this.#options = options;
    this.#resumptions = new Resumptions(client, options.platform.clock);
    this.#epoch = this.#begin(first);
  }

  override get peer(): PeerDescription {
    return this.#epoch.peer;
  }

  protected override dispatch(call: RpcCall): void {
    if (this.#lost !== undefined) this.#failLost(call);
    else if (this.#renewal === undefined) this.#send(call);
    else this.#afterRenewal(this.#renewal, call);
  }

  protected override postHeaders(): string[] {
    return [...this.#epoch.headers];
  }

  override learn(call: RpcCall, result: ResultPayload): ResultPayload {
    this.#loss.answered(call.request);
    return super.learn(call, result);
  }

  override ended(call: RpcCall, ending: Ending, exchange: MessageExchange): void {
    const { epoch } = call;
    // This look comes first, because some servers refuse an unknown session under the id of the request.
    // Once an answer had begun, the request was executed: it must not be sent again.
    const isRefusal = exchange.method === "POST" && ending.kind === "status" && meansUnknownSession(ending);
    if (isRefusal && epoch?.sessionId !== undefined) {
      if (!call.retried) {
        call.retried = true;
        void this.#afterRefusal(call, epoch, () => this.#unanswered(call, ending, exchange));
        return;
      }
      this.#loss.refusedAnew(subjectOf(call.request));
    }
    this.#unanswered(call, ending, exchange);
  }

  /** Sends a call again in a new session if the server has forgotten this one; `otherwise` it has refused just the call. */
  async #afterRefusal(call: RpcCall, epoch: Epoch, otherwise: () => void): Promise<void> {
    call.detach();
    const isLost = await this.#isForgotten(epoch, subjectOf(call.request));
    if (call.settled) return;
    if (isLost) this.#afterRenewal(this.#renew(epoch), call);
    else otherwise();
  }

  async #isForgotten(epoch: Epoch, subject: string): Promise<boolean> {
    if (epoch !== this.#epoch || this.#renewal !== undefined || this.#lost !== undefined) return true;
    return this.#loss.isConfirmed(subject);
  }

  /** Asks the server something that it answers whenever it knows the session. Silence and trouble are no sign of a loss. */
  async #isUnknown(): Promise<boolean> {
    const { clock } = this.#options.platform;
    const deadline = startDeadline(clock, this.#options.renewTimeoutMs, this.#ending.signal);
    const question = { method: "ping", params: {}, headers: this.#epoch.headers };
    const answer = await ask(this.client, this.observer, question, deadline.signal);
    deadline.dispose();
    return answer.kind === "none" && answer.ending.kind === "status" && meansUnknownSession(answer.ending);
  }

  #unanswered(call: RpcCall, ending: Ending, exchange: MessageExchange): void {
    if (ending.kind === "status") {
      const answer = rpcErrorIn(ending.body);
      if (answer?.id === call.id) {
        this.observer.onMessage("received", "error");
        call.settle({ kind: "error", error: answer.error });
        return;
      }
    }
    if (this.#isPromised(ending)) return;
    if (!this.closed && this.#resumptions.begin(call, ending, exchange, () => this.#epoch.headers)) return;
    const failure = failureOf(ending, call.request.method);
    call.fail(exchange.method === "POST" ? failure : resumeFailure(failure));
  }

  /** Whether the answer is to come on the stream of the session: the request was accepted, and the stream may stand. */
  #isPromised(ending: Ending): boolean {
    return ending.kind === "complete" && ending.status === 202 && this.#news?.closed === false;
  }

  override cancelled(call: RpcCall): void {
    this.#resumptions.forget(call);
    super.cancelled(call);
  }

  override forget(call: RpcCall): void {
    super.forget(call);
    this.#resumptions.forget(call);
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
    exchange.repeatable = call.repeatable;
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

  /** The server has no background stream, or has forgotten the session. */
  async #streamRefused(epoch: Epoch): Promise<void> {
    // A new session was opened for the stream, and has none either.
    if (epoch.openedFor === BACKGROUND_STREAM) this.#loss.refusedAnew(BACKGROUND_STREAM);
    if (!(await this.#isForgotten(epoch, BACKGROUND_STREAM))) return;
    if (!this.closed) await this.#renew(epoch, BACKGROUND_STREAM);
  }

  /** One renewal at a time, for all who met the loss of the same epoch. Never rejects. */
  #renew(lost: Epoch, openedFor?: string): Promise<boolean> {
    if (this.#lost !== undefined) return Promise.resolve(false);
    if (lost !== this.#epoch) return this.#renewal ?? Promise.resolve(!this.closed);
    this.#renewal ??= this.#shakeHandsAgain(openedFor).finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #shakeHandsAgain(openedFor: string | undefined): Promise<boolean> {
    this.#news?.close();
    const deadline = startDeadline(this.#options.platform.clock, this.#options.renewTimeoutMs, this.#ending.signal);
    try {
      const handshake = await this.#options.shakeHands(deadline.signal);
      if (this.closed) return false;
      this.#epoch = this.#begin(handshake, openedFor);
      this.announceChanges();
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

  #begin(handshake: LegacyHandshake, openedFor?: string): Epoch {
    const { peer, sessionId } = handshake;
    const headers = postHeaders(this.#options.fixedHeaders, peer.protocolVersion, sessionId);
    const epoch: Epoch = { ...handshake, headers, openedFor };
    this.#news = new EventStream(this.client, this.#options.platform, {
      method: "GET",
      request: (lastEventId) => ({ headers: streamHeaders(headers, lastEventId), text: null }),
      onMessage: (message, bytes) => this.heard(message, bytes),
      onOpen: (gap) => {
        if (gap) this.announceChanges();
      },
      onRefused: (status) => {
        if (status === 404 && sessionId !== undefined) void this.#streamRefused(epoch);
        // 409: the server believes that the broken stream still stands.
        return status === 409 || status === 429 || status >= 500;
      },
    });
    this.#news.open();
    return epoch;
  }
}
