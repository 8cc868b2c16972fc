import type { IncomingMessage } from "../../protocol/decode.ts";
import { ownId } from "../request-table.ts";
import type { UpstreamFailure, UpstreamReply, UpstreamRequest } from "../session.ts";
import type { HttpSession } from "./http-session.ts";
import type { Epoch } from "./legacy-session.ts";
import type { Ending, MessageExchange, MessageReceiver } from "./message-exchange.ts";

/** One request of ours that waits for its answer, over however many HTTP requests that takes. Settles exactly once. */
export class RpcCall implements MessageReceiver {
  readonly id: number;
  readonly request: UpstreamRequest;
  /** The JSON-RPC request as it goes out; the same for every attempt. */
  readonly text: string;
  readonly #session: HttpSession;
  readonly #resolve: (reply: UpstreamReply) => void;
  #exchange: MessageExchange | undefined;
  #settled = false;
  #sent = false;
  /** The legacy session it was last sent in. */
  epoch: Epoch | undefined;
  /** Whether the session was renewed once for this call. */
  retried = false;
  /** Where an interrupted event stream can be taken up again. */
  lastEventId: string | undefined;
  /** Milliseconds the server wants to pass before that. */
  retryMs: number | undefined;
  /** Attempts in a row to take the stream up again that failed. */
  resumeFailures = 0;
  /** What came in place of the answer, as a clause. */
  #oddity: string | undefined;

  constructor(
    session: HttpSession,
    outgoing: { readonly id: number; readonly request: UpstreamRequest; readonly text: string },
    resolve: (reply: UpstreamReply) => void,
  ) {
    this.#session = session;
    this.id = outgoing.id;
    this.request = outgoing.request;
    this.text = outgoing.text;
    this.#resolve = resolve;
    this.request.signal?.addEventListener("abort", this.#onAbort);
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Whether the server may get it twice. Of a tool nobody knows what it does. */
  get repeatable(): boolean {
    return this.request.method !== "tools/call";
  }

  /** Whether an attempt may have reached the server. */
  get sent(): boolean {
    return this.#sent || (this.#exchange?.sent ?? false);
  }

  /** The HTTP request that the call waits on from now on. */
  attach(exchange: MessageExchange): void {
    this.#exchange = exchange;
  }

  /** The HTTP request that the call waits on. */
  get exchange(): MessageExchange | undefined {
    return this.#exchange;
  }

  /** Forgets an attempt that certainly was not executed. */
  detach(): void {
    this.#exchange = undefined;
    this.#sent = false;
  }

  /**
   * Called by the abort signal: the caller left, or the deadline passed. A function and not an object with `handleEvent`:
   * Node.js 24 keeps every listener object alive until the next full collection, and with it the whole call.
   */
  readonly #onAbort = (): void => {
    if (this.#settled) return;
    const sent = this.sent;
    this.settle({ kind: "failed", errorType: "aborted", message: "the request was given up", maybeExecuted: sent });
    if (sent) this.#session.cancelled(this);
    this.#exchange?.abort();
  };

  /** Ends the call without an answer. */
  fail(failure: UpstreamFailure): void {
    if (this.#settled) return;
    this.settle(failure);
    this.#exchange?.abort();
  }

  settle(reply: UpstreamReply): void {
    if (this.#settled) return;
    this.#settled = true;
    this.request.signal?.removeEventListener("abort", this.#onAbort);
    this.#session.forget(this);
    this.#resolve(reply);
  }

  onMessage(message: IncomingMessage, exchange: MessageExchange, bytes: number): void {
    this.#session.count(message);
    this.resumeFailures = 0;
    switch (message.kind) {
      case "response":
        if (ownId(message.id) !== this.id) this.#skip("it has the id of another request");
        else this.#answer({ kind: "result", result: this.#session.learn(this, message.result) }, exchange, bytes);
        break;
      case "error":
        // Alone on its HTTP request, an error without an id can only mean this request.
        if (message.id !== null && ownId(message.id) !== this.id) this.#skip("it has the id of another request");
        else this.#answer({ kind: "error", error: message.error }, exchange, bytes);
        break;
      case "notification":
        this.#session.route({ method: message.method, params: message.params }, this);
        break;
      case "request":
        this.#session.serve({ id: message.id, method: message.method, params: message.params }, this.request);
        break;
      case "invalid":
        if (ownId(message.answers) === this.id) this.#protocolError(message.reason);
        else this.#skip(message.reason);
        break;
    }
  }

  /** Takes the answer from another stream than its own. */
  answerElsewhere(message: Extract<IncomingMessage, { kind: "response" | "error" }>, bytes: number): void {
    const exchange = this.#exchange;
    if (message.kind === "error") this.#answer({ kind: "error", error: message.error }, undefined, bytes);
    else this.#answer({ kind: "result", result: this.#session.learn(this, message.result) }, undefined, bytes);
    // The response to the request itself may not have come yet, and mostly follows at once.
    if (exchange?.over === false) this.#session.client.lingering.add(exchange);
  }

  onEnding(ending: Ending, exchange: MessageExchange): void {
    if (this.#settled) {
      this.#session.client.lingering.delete(exchange);
      return;
    }
    this.#sent ||= exchange.sent;
    this.lastEventId = exchange.lastEventId ?? this.lastEventId;
    this.retryMs = exchange.retryMs ?? this.retryMs;
    if (ending.kind === "complete" && !ending.stream && this.#oddity !== undefined) {
      this.#protocolError(this.#oddity);
      return;
    }
    this.#session.ended(this, ending, exchange);
  }

  #answer(reply: UpstreamReply, exchange: MessageExchange | undefined, bytes: number): void {
    if (this.request.sizes !== undefined) this.request.sizes.responseBytes = bytes;
    if (exchange?.streaming) this.#session.client.lingering.add(exchange);
    this.settle(reply);
  }

  /** What is not for us fails nothing: the answer may still come on the same response. */
  #skip(reason: string): void {
    this.#oddity ??= reason;
    this.#session.skipped(this.request.method, reason);
  }

  #protocolError(reason: string): void {
    const message = `the answer to ${this.request.method} is not MCP: ${reason}`;
    this.fail({ kind: "failed", errorType: "protocol", message, maybeExecuted: true });
  }
}
