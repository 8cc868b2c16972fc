import type { CancelSignal } from "../../platform/cancellation.ts";
import type { Clock } from "../../platform/platform.ts";
import type { IncomingMessage } from "../../protocol/decode.ts";
import type { PeerDescription } from "../../protocol/eras.ts";
import { skippedMessage } from "../../protocol/skipped-message.ts";
import { startDeadline } from "../../resilience/deadline.ts";
import { ownId } from "../request-table.ts";
import { type SessionObserver, StartError, tooLarge, type UpstreamFailure } from "../session.ts";
import { failureOf, rpcErrorIn } from "./failures.ts";
import type { HttpClient } from "./http-client.ts";
import { type Ending, MessageExchange } from "./message-exchange.ts";
import { addTrace, postHeaders } from "./protocol-headers.ts";
import type { RpcCall } from "./rpc-call.ts";
import type { SkippedEvent } from "./skipped-event.ts";
import { isAccepted, type SseHandshake } from "./sse-handshake.ts";
import { StreamedSession } from "./streamed-session.ts";

/** What a session needs apart from its client, observer and first handshake. */
export interface SseSessionOptions {
  readonly clock: Clock;
  readonly fixedHeaders: readonly string[];
  /** Whether the session is for one client or caller alone. */
  readonly isSole: boolean;
  /** Milliseconds that opening another link may take. */
  readonly renewTimeoutMs: number;
  /** Opens another link and shakes hands over it. @throws StartError */
  readonly open: (signal: CancelSignal) => Promise<SseHandshake>;
}

/** A stream that stood this long and ends is opened again: proxies end streams that are silent or old. */
const STEADY_MS = 10_000;

/**
 * A session with a server of revision 2024-11-05, over HTTP+SSE: everything is posted, and everything comes on one stream. The
 * stream is the session, so that calls in flight fail when it ends. Another is opened at once, for which later calls wait.
 */
export class SseSession extends StreamedSession {
  readonly #options: SseSessionOptions;
  readonly #ending = new AbortController();
  #current: SseHandshake;
  #headers: readonly string[];
  #openedMs: number;
  #renewal: Promise<boolean> | undefined;
  /** Why the session is beyond repair. */
  #lost: string | undefined;

  constructor(client: HttpClient, observer: SessionObserver, options: SseSessionOptions, first: SseHandshake) {
    super(client, observer, options);
    this.#options = options;
    this.#current = first;
    this.#headers = postHeaders(options.fixedHeaders, first.peer.protocolVersion);
    this.#openedMs = options.clock.nowMs();
    this.#listen(first);
  }

  override get peer(): PeerDescription {
    return this.#current.peer;
  }

  protected override postHeaders(): string[] {
    return [...this.#headers];
  }

  protected override postPath(): string {
    return this.#current.link.postPath;
  }

  protected override dispatch(call: RpcCall): void {
    if (this.#lost !== undefined) this.#failUnsent(call);
    else if (this.#renewal === undefined) this.#send(call);
    else {
      void this.#renewal.then((renewed) => {
        // A call that was given up meanwhile is not to be sent.
        if (call.settled) return;
        if (renewed) this.#send(call);
        else this.#failUnsent(call);
      });
    }
  }

  /** The response to a posted call has ended. What it says besides its status matters to nobody. */
  override ended(call: RpcCall, ending: Ending): void {
    if (isAccepted(ending)) return;
    const answer = ending.kind === "status" ? rpcErrorIn(ending.body) : undefined;
    if (answer !== undefined && ownId(answer.id) === call.id) {
      this.observer.onMessage("received", "error");
      call.settle({ kind: "error", error: answer.error });
    } else call.fail(failureOf(ending, call.request.method));
  }

  protected override async farewell(): Promise<void> {
    this.#ending.abort();
    this.#current.link.close();
    await this.#renewal;
  }

  #send(call: RpcCall): void {
    const exchange = new MessageExchange(this.client, "POST", {
      // Some servers answer here; most say "Accepted".
      onMessage: (message, from, bytes) => this.#answeredAtOnce(call, message, from, bytes),
      onEnding: (ending, from) => {
        if (call.settled) this.client.lingering.delete(from);
        else this.ended(call, ending);
      },
    });
    exchange.repeatable = call.repeatable;
    call.attach(exchange);
    const headers = this.postHeaders();
    addTrace(headers, call.request.trace);
    this.client.send(exchange, headers, call.text, this.postPath());
  }

  #answeredAtOnce(call: RpcCall, message: IncomingMessage, from: MessageExchange, bytes: number): void {
    if (message.kind !== "response" && message.kind !== "error") return;
    if (ownId(message.id) === call.id) call.onMessage(message, from, bytes);
  }

  #listen({ link }: SseHandshake): void {
    link.attach({
      onMessage: (message, bytes) => this.heard(message, bytes),
      onTooLarge: (event) => this.#tooLarge(event),
      onEnd: (ending) => this.#broken(ending),
    });
  }

  /**
   * A message was too large. It fails the request that it answers and no other: where its ends do not tell which one that is, and
   * more than one is in flight, each waits on for its own answer or its deadline.
   */
  #tooLarge({ head, tail, bytes }: SkippedEvent): void {
    const message = skippedMessage(head, tail);
    const size = `${bytes} bytes, more than ${this.client.limits.responseBytesMax} (max_message_bytes)`;
    const known = message.kind === "response" ? message.id : undefined;
    const calls = this.calls();
    const sole = message.kind !== "other" && calls.length === 1 && !this.mayBeOfOneGivenUp() ? calls[0] : undefined;
    const call = known === undefined ? sole : this.callOf(known);
    this.logOnce(`[http] a message of ${size}, was skipped`);
    call?.fail(tooLarge(`the answer to ${call.request.method} has ${size}`));
  }

  /** The stream has ended, and with it all that was to come on it. */
  #broken(ending: Ending): void {
    if (this.closed) return;
    for (const call of this.calls()) if (call.exchange !== undefined) call.fail(streamFailure(ending, call));
    if (this.clock.nowMs() - this.#openedMs < STEADY_MS) {
      this.#lose("the event stream ended soon after it had been opened");
    } else {
      this.#renewal = this.#openAgain().finally(() => {
        this.#renewal = undefined;
      });
    }
  }

  /** Resolves to whether there is another link. Never rejects. */
  async #openAgain(): Promise<boolean> {
    const deadline = startDeadline(this.clock, this.#options.renewTimeoutMs, this.#ending.signal);
    try {
      const handshake = await this.#options.open(deadline.signal);
      if (this.closed) {
        handshake.link.close();
        return false;
      }
      this.#current = handshake;
      this.#headers = postHeaders(this.#options.fixedHeaders, handshake.peer.protocolVersion);
      this.#openedMs = this.clock.nowMs();
      this.#listen(handshake);
      this.announceChanges();
      return this.#lost === undefined;
    } catch (error) {
      const reason = error instanceof StartError ? error.message : String(error);
      if (!this.closed) this.#lose(`the event stream ended and another could not be opened: ${reason}`);
      return false;
    } finally {
      deadline.dispose();
    }
  }

  #lose(message: string): void {
    this.#lost = message;
    this.observer.onClosed({ reason: "crashed", message });
  }

  #failUnsent(call: RpcCall): void {
    const message = this.#lost ?? `the session was closed before ${call.request.method} was sent`;
    call.fail({ kind: "failed", errorType: "connection", message, maybeExecuted: false });
  }
}

/** What becomes of a call whose answer was to come on a stream that has ended. */
function streamFailure(ending: Ending, { request, sent }: RpcCall): UpstreamFailure {
  const message = `the event stream ended before ${request.method} was answered`;
  const failure = { kind: "failed", errorType: "connection", message, maybeExecuted: sent } as const;
  return ending.kind === "broken" ? { ...failure, diagnosis: `${message}: ${ending.error.message}` } : failure;
}
