import { ChurnMap } from "../../churn-map.ts";
import type { JsonObject, JsonRpcNotification } from "../../protocol/json-rpc.ts";
import { metaOf } from "../../protocol/meta.ts";
import type { UpstreamReply, UpstreamRequest } from "../session.ts";

/** A request on its way. */
export interface PendingRequest {
  readonly request: UpstreamRequest;
  /** Number of its line in the outgoing queue. */
  readonly line: number;
  /** To be called once, after the entry was removed. */
  readonly settle: (reply: UpstreamReply) => void;
}

/** Methods that make no server ask back or log on behalf of a caller. */
const HOUSEKEEPING: ReadonlySet<string> = new Set([
  "initialize",
  "logging/setLevel",
  "ping",
  "prompts/list",
  "resources/list",
  "resources/subscribe",
  "resources/templates/list",
  "resources/unsubscribe",
  "server/discover",
  "subscriptions/listen",
  "tools/list",
]);

/** How long a server may go on working on a call after it was told that nobody waits any more. */
const AFTERMATH_MS = 30_000;

/** The requests in flight of one connection, by our own ids: integers that are never used twice. */
export class PendingRequests {
  readonly #entries = new ChurnMap<number, PendingRequest>();
  #lastId = 0;
  /** Until then, what a server sends may stem from a call that was given up. */
  #aftermathUntilMs = Number.NEGATIVE_INFINITY;

  nextId(): number {
    return ++this.#lastId;
  }

  add(id: number, entry: PendingRequest): void {
    this.#entries.set(id, entry);
  }

  /** Removes and returns a request; `undefined` for ids that are unknown or settled, as of a late answer. */
  take(id: unknown): PendingRequest | undefined {
    if (typeof id !== "number") return undefined;
    return this.#entries.delete(id);
  }

  /** Removes a request whose caller has left, while the server may go on with it. */
  giveUp(id: number, nowMs: number): PendingRequest | undefined {
    const entry = this.take(id);
    if (entry !== undefined && isCall(entry)) this.#aftermathUntilMs = nowMs + AFTERMATH_MS;
    return entry;
  }

  takeAll(): readonly PendingRequest[] {
    const entries = this.#entries.values();
    this.#entries.clear();
    return entries;
  }

  /**
   * The request that everything which carries no origin must stem from: the only call in flight. `undefined` when there
   * is none, or when it cannot be told, because one caller must not see what belongs to another.
   */
  soleCall(nowMs: number): UpstreamRequest | undefined {
    if (nowMs < this.#aftermathUntilMs) return undefined;
    let sole: UpstreamRequest | undefined;
    for (const entry of this.#entries.values()) {
      if (!isCall(entry)) continue;
      if (sole !== undefined) return undefined;
      sole = entry.request;
    }
    return sole;
  }

  /** Progress for the request with the token `token`, with the caller's own token in its place. */
  progress(token: unknown, params: JsonObject): { request: UpstreamRequest; params: JsonObject } | undefined {
    const request = this.request(token);
    const progressToken = request === undefined ? undefined : metaOf(request.params).progressToken;
    if (request === undefined || progressToken === undefined) return undefined;
    return { request, params: { ...params, progressToken } };
  }

  /** The request in flight with that id. */
  request(id: unknown): UpstreamRequest | undefined {
    return typeof id === "number" ? this.#entries.get(id)?.request : undefined;
  }
}

/** Hands a notification to a request; a listener that throws must not break the connection for all. */
export function deliver(request: UpstreamRequest, notification: JsonRpcNotification): void {
  try {
    request.onNotification?.(notification);
  } catch {
    // The listener's own affair.
  }
}

function isCall(entry: PendingRequest): boolean {
  return !HOUSEKEEPING.has(entry.request.method);
}
