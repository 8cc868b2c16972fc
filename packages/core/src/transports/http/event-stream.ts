import type { CancelTimer, Platform } from "../../platform/platform.ts";
import type { IncomingMessage } from "../../protocol/decode.ts";
import { backoffMs } from "../../resilience/backoff.ts";
import type { HttpClient } from "./http-client.ts";
import { type Ending, MessageExchange, type MessageReceiver } from "./message-exchange.ts";

/** What makes a standing stream: how to ask for it, and what to do with what comes. */
export interface EventStreamPlan {
  readonly method: "GET" | "POST";
  /** Headers and body of one attempt; `lastEventId` is where to go on. */
  request(lastEventId: string | undefined): { readonly headers: string[]; readonly text: string | null };
  /** `bytes` is the size of the message. */
  onMessage(message: IncomingMessage, bytes: number): void;
  /** The stream stands. `gap` is true when it did not stand for a while, and may have missed something. */
  onOpen?(gap: boolean): void;
  /** The server refused with a status; true when it is worth another attempt. */
  onRefused(status: number): boolean;
}

const BACKOFF = { baseMs: 1_000, maxMs: 30_000 };
/** A stream that stood this long was no failure: the next attempt starts with the shortest wait again. */
const STEADY_MS = 10_000;
/** Upper bound of what a server may demand as a wait. */
const RETRY_MS_MAX = 60_000;

/** An event stream that is kept open in the background: after each end it comes back, later and later while it fails. */
export class EventStream implements MessageReceiver {
  readonly #client: HttpClient;
  readonly #platform: Platform;
  readonly #plan: EventStreamPlan;
  #exchange: MessageExchange | undefined;
  #cancelTimer: CancelTimer | undefined;
  #closed = false;
  #failures = 0;
  #openedMs: number | undefined;
  #triedBefore = false;
  #lastEventId: string | undefined;

  constructor(client: HttpClient, platform: Platform, plan: EventStreamPlan) {
    this.#client = client;
    this.#platform = platform;
    this.#plan = plan;
  }

  open(): void {
    if (this.#closed) return;
    const { headers, text } = this.#plan.request(this.#lastEventId);
    this.#openedMs = undefined;
    this.#exchange = new MessageExchange(this.#client, this.#plan.method, this, true);
    this.#client.send(this.#exchange, headers, text);
  }

  /** Whether nothing will come any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Ends the stream for good. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#exchange?.abort();
  }

  onOpen(exchange: MessageExchange): void {
    if (this.#closed || !exchange.streaming) return;
    this.#openedMs = this.#platform.clock.nowMs();
    this.#plan.onOpen?.(this.#triedBefore && this.#lastEventId === undefined);
  }

  onMessage(message: IncomingMessage, _exchange: MessageExchange, bytes: number): void {
    if (!this.#closed) this.#plan.onMessage(message, bytes);
  }

  onEnding(ending: Ending, exchange: MessageExchange): void {
    if (this.#closed) return;
    if (ending.kind === "status" && !this.#plan.onRefused(ending.status)) {
      this.close();
      return;
    }
    // A server that answers with something else than a stream does not offer one.
    if (ending.kind !== "status" && ending.kind !== "broken" && this.#openedMs === undefined) {
      this.close();
      return;
    }
    this.#triedBefore = true;
    this.#lastEventId = exchange.lastEventId ?? this.#lastEventId;
    const stoodMs = this.#openedMs === undefined ? 0 : this.#platform.clock.nowMs() - this.#openedMs;
    if (stoodMs >= STEADY_MS) this.#failures = 0;
    const waitMs = Math.max(
      backoffMs(this.#failures, BACKOFF, () => this.#platform.random()),
      Math.min(exchange.retryMs ?? 0, RETRY_MS_MAX),
    );
    this.#failures++;
    this.#cancelTimer = this.#platform.clock.schedule(waitMs, () => this.open());
  }
}
