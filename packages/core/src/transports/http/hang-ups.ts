import { Client, type Dispatcher } from "undici";
import type { Clock } from "../../platform/platform.ts";

/** A server that closes a connection this soon after an answer did not wait for another request, in ms. */
const SOON_MS = 1_000;
/** How long connections are used once only after that, in ms; each time it happens again, twice as long. */
const HOLD_MS = 60_000;
const HOLD_MS_MAX = 3_600_000;

/** What is known of a request that a connection carries. A small thing of its own: an idle connection keeps it, and not the request. */
export interface Carried {
  /** When its answer had come whole, by the clock of the client; `undefined` while it has not. */
  endedMs: number | undefined;
}

/**
 * Servers that hang up right behind each answer without having said so. A request that crosses the end of its connection is
 * lost, and nobody can tell whether it was read; so with such a server a connection carries one request only.
 */
export class HangUps {
  readonly #clock: Clock;
  #holdMs = HOLD_MS;
  #untilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the server is one of these, as far as is known. */
  get expected(): boolean {
    return this.#clock.nowMs() < this.#untilMs;
  }

  /** Makes a connection of a pool that is watched for its end. */
  readonly connection = (origin: URL, options: object): Dispatcher => {
    const connection = new Connection(origin, options);
    connection.on("disconnect", (_origin, _targets, error) => {
      // undici closes with this code what was to be closed: by us, or because the server had said so.
      if (error.code !== "UND_ERR_INFO") this.#closedAfter(connection.lastAnswerMs());
    });
    return connection;
  };

  #closedAfter(answerMs: number | undefined): void {
    const nowMs = this.#clock.nowMs();
    if (answerMs === undefined || nowMs - answerMs >= SOON_MS || nowMs < this.#untilMs) return;
    this.#untilMs = nowMs + this.#holdMs;
    this.#holdMs = Math.min(this.#holdMs * 2, HOLD_MS_MAX);
  }
}

/** A connection that knows what it carried last. */
class Connection extends Client {
  #last: Carried | undefined;
  #before: Carried | undefined;

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler & { readonly carried?: Carried },
  ): boolean {
    this.#before = this.#last;
    this.#last = handler.carried;
    return super.dispatch(options, handler);
  }

  /** When the connection last carried an answer to its end. */
  lastAnswerMs(): number | undefined {
    return this.#last?.endedMs ?? this.#before?.endedMs;
  }
}
