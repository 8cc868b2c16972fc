import type { JsonObject, JsonRpcNotification } from "../../protocol/json-rpc.ts";
import { metaOf } from "../../protocol/meta.ts";
import { type CallOrigins, isCall, requestOfTask, type Unclear } from "../call-origins.ts";
import { LateProgress, type ProgressHearer } from "../late-progress.ts";
import { ownId, RequestTable } from "../request-table.ts";
import type { UpstreamReply, UpstreamRequest } from "../session.ts";

/** A request on its way. */
export interface PendingRequest {
  readonly request: UpstreamRequest;
  /** Number of its line in the outgoing queue. */
  readonly line: number;
  /** To be called once, after the entry was removed. */
  readonly settle: (reply: UpstreamReply) => void;
}

/** The requests in flight of one connection, by our own ids: integers that are never used twice. */
export class PendingRequests {
  readonly #entries = new RequestTable<PendingRequest>();
  readonly #origins: CallOrigins;
  readonly #late = new LateProgress();
  #hadCalls = false;

  constructor(origins: CallOrigins) {
    this.#origins = origins;
  }

  nextId(): number {
    return this.#entries.nextId();
  }

  /** Whether a call was ever sent: until then nothing that the server writes can belong to a caller. */
  get hadCalls(): boolean {
    return this.#hadCalls;
  }

  add(id: number, entry: PendingRequest): void {
    this.#hadCalls ||= isCall(entry.request);
    this.#entries.add(id, entry);
  }

  /** Removes and returns a request; `undefined` for ids that are unknown or settled, as of a late answer. */
  take(id: unknown): PendingRequest | undefined {
    const own = ownId(id);
    return own === undefined ? undefined : this.#entries.take(own);
  }

  /** Removes and returns a request that the server has answered. */
  answered(id: unknown, nowMs: number): PendingRequest | undefined {
    const own = ownId(id);
    if (own === undefined) return undefined;
    const entry = this.#entries.take(own);
    if (entry !== undefined) {
      this.#origins.answered(entry.request, nowMs);
      this.#late.answered(own, entry.request);
    }
    this.#origins.heard(own, nowMs);
    return entry;
  }

  /** Whether the server has yet to show that it knows which calls were given up. */
  doubts(nowMs: number): boolean {
    return this.#origins.doubts(nowMs);
  }

  /** Removes a request whose caller has left, while the server may go on with it. */
  giveUp(id: number, nowMs: number): PendingRequest | undefined {
    const entry = this.take(id);
    if (entry !== undefined) this.#origins.givenUp(entry.request, { id, lastId: this.#entries.lastId }, nowMs);
    return entry;
  }

  /**
   * Removes and returns the request that an answer without an id must belong to: the only one in flight. `undefined` when there
   * is none, or when it may belong to one that was given up.
   */
  takeSole(nowMs: number): PendingRequest | undefined {
    const entries = this.#entries.values();
    const [only] = entries;
    if (only === undefined || entries.length > 1 || this.#origins.mayBeOfOneGivenUp(nowMs)) return undefined;
    this.#entries.clear();
    return only;
  }

  takeAll(): readonly PendingRequest[] {
    const entries = this.#entries.values();
    this.#entries.clear();
    return entries;
  }

  /** The call that a message with these params must stem from, or why that cannot be told. */
  originOf(params: JsonObject, nowMs: number): UpstreamRequest | Unclear {
    const inFlight = (): UpstreamRequest[] => this.#entries.values().map(({ request }) => request);
    return requestOfTask(inFlight, params) ?? this.#origins.callOf(inFlight(), nowMs);
  }

  /** Progress for the request with the token `token`, with the caller's own token in its place. */
  progress(token: unknown, params: JsonObject): { request: ProgressHearer; params: JsonObject } | undefined {
    const own = ownId(token);
    const request = this.request(token) ?? (own === undefined ? undefined : this.#late.of(own));
    const progressToken = request === undefined ? undefined : metaOf(request.params).progressToken;
    if (request === undefined || progressToken === undefined) return undefined;
    return { request, params: { ...params, progressToken } };
  }

  /** The request in flight with that id. */
  request(id: unknown): UpstreamRequest | undefined {
    const own = ownId(id);
    return own === undefined ? undefined : this.#entries.get(own)?.request;
  }
}

/** Hands a notification to a request; a listener that throws must not break the connection for all. */
export function deliver(request: ProgressHearer, notification: JsonRpcNotification): void {
  try {
    request.onNotification?.(notification);
  } catch {
    // The listener's own affair.
  }
}
