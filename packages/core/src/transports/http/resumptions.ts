import type { CancelTimer, Clock } from "../../platform/platform.ts";
import type { HttpClient } from "./http-client.ts";
import { type Ending, MessageExchange } from "./message-exchange.ts";
import { streamHeaders } from "./protocol-headers.ts";
import type { RpcCall } from "./rpc-call.ts";

/** How often in a row asking for an interrupted answer may fail. A server may end the stream as often as it likes. */
const RESUME_FAILURES_MAX = 3;
const RESUME_MS = 1_000;
/** A server that has nothing to say is not asked more often than this. */
const RESUME_MS_MIN = 50;
const RESUME_MS_MAX = 60_000;

/** Calls whose answers were interrupted, and wait until they are taken up where they broke off. */
export class Resumptions {
  readonly #client: HttpClient;
  readonly #clock: Clock;
  readonly #waiting = new Map<RpcCall, CancelTimer>();

  constructor(client: HttpClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Takes up an answer after a pause, with the headers of then; false when the server gave no way to. */
  begin(call: RpcCall, ending: Ending, exchange: MessageExchange, headers: () => readonly string[]): boolean {
    const interrupted = ending.kind === "broken" || (ending.kind === "complete" && ending.stream);
    const refused = exchange.method === "GET" && ending.kind === "status" && ending.status >= 500;
    if (call.lastEventId === undefined || !(interrupted || refused)) return false;
    // The end of a stream that stood is how servers let clients come back later; the deadline of the call bounds that.
    if (ending.kind === "complete") call.resumeFailures = 0;
    else if (call.resumeFailures++ >= RESUME_FAILURES_MAX) return false;
    const waitMs = Math.min(Math.max(call.retryMs ?? RESUME_MS, RESUME_MS_MIN), RESUME_MS_MAX);
    const cancel = this.#clock.schedule(waitMs, () => {
      this.#waiting.delete(call);
      const next = new MessageExchange(this.#client, "GET", call);
      call.attach(next);
      this.#client.send(next, streamHeaders(headers(), call.lastEventId), null);
    });
    this.#waiting.set(call, cancel);
    return true;
  }

  /** Nobody waits for the answer any more. */
  forget(call: RpcCall): void {
    if (this.#waiting.size === 0) return;
    this.#waiting.get(call)?.();
    this.#waiting.delete(call);
  }
}
