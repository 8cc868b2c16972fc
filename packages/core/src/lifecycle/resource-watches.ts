import type { CancelTimer, Platform } from "../platform/platform.ts";
import { isJsonObject, type JsonRpcNotification } from "../protocol/json-rpc.ts";
import { backoffMs } from "../resilience/backoff.ts";
import { startDeadline } from "../resilience/deadline.ts";
import type { UpstreamReply, UpstreamSession } from "../transports/session.ts";

/** What the watches need of the server around them. */
export interface WatchContext {
  readonly platform: Platform;
  /** Milliseconds the server may take to acknowledge a subscription. */
  readonly timeoutMs: number;
  /** The live session, if there is one. */
  readonly session: () => UpstreamSession | undefined;
  /** A watched resource has changed, or may have. */
  readonly onUpdated: (notification: JsonRpcNotification) => void;
}

/** One `subscriptions/listen` that the server has acknowledged. */
interface Stream {
  readonly abort: AbortController;
  readonly uris: ReadonlySet<string>;
  readonly openedMs: number;
}

const UPDATED = "notifications/resources/updated";
const ACKNOWLEDGED = "notifications/subscriptions/acknowledged";
const BACKOFF = { baseMs: 1_000, maxMs: 30_000 } as const;
/** A stream that stood this long was no failure: the next attempt starts with the shortest wait again. */
const STEADY_MS = 10_000;
/** Resources watched on one server; more are refused. */
const WATCHED_MAX = 10_000;

/**
 * Subscriptions to resources of a modern server. There a subscription lasts as long as the request for it, and over HTTP
 * each would hold a connection, so one stream is kept for all resources and replaced when there are new ones.
 */
export class ResourceWatches {
  readonly #context: WatchContext;
  /** How many watch a resource, by its URI. */
  readonly #wanted = new Map<string, number>();
  #stream: Stream | undefined;
  #opening: Promise<string | undefined> | undefined;
  #cancelRetry: CancelTimer | undefined;
  #failures = 0;
  #closed = false;

  constructor(context: WatchContext) {
    this.#context = context;
  }

  /** Watches a resource until `remove`. A string says why it cannot be watched; then there is nothing to remove. */
  async add(uri: string): Promise<string | undefined> {
    const watchers = this.#wanted.get(uri) ?? 0;
    if (watchers === 0 && this.#wanted.size >= WATCHED_MAX) return `${WATCHED_MAX} resources are watched already`;
    this.#wanted.set(uri, watchers + 1);
    // An opening that is under way began before this resource was wanted.
    await this.#opening;
    const problem = this.#isWatched(uri) ? undefined : await this.#open();
    if (this.#isWatched(uri)) return undefined;
    this.remove(uri);
    return problem ?? "the server does not take subscriptions to this resource";
  }

  remove(uri: string): void {
    const watchers = this.#wanted.get(uri) ?? 0;
    if (watchers > 1) this.#wanted.set(uri, watchers - 1);
    else this.#wanted.delete(uri);
    // With others left the stream may go on as it is: what nobody watches any more is not passed on.
    if (this.#wanted.size === 0) this.#end();
  }

  /** Ends all watching for good. */
  close(): void {
    this.#closed = true;
    this.#wanted.clear();
    this.#end();
  }

  #isWatched(uri: string): boolean {
    return this.#stream?.uris.has(uri) === true;
  }

  #end(): void {
    this.#cancelRetry?.();
    this.#stream?.abort.abort();
    this.#stream = undefined;
  }

  /** One opening at a time, for all that is wanted when it begins. Never rejects; a string says what went wrong. */
  #open(): Promise<string | undefined> {
    this.#opening ??= this.#listen().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #listen(): Promise<string | undefined> {
    const session = this.#context.session();
    if (session === undefined) return "the server is not running";
    const abort = new AbortController();
    const { promise: acknowledged, resolve } = Promise.withResolvers<ReadonlySet<string>>();
    const ended = session.request({
      method: "subscriptions/listen",
      params: { notifications: { resourceSubscriptions: [...this.#wanted.keys()] } },
      signal: abort.signal,
      trace: {},
      onNotification: (notification) => {
        if (notification.method === ACKNOWLEDGED) resolve(grantedBy(notification));
        else if (notification.method === UPDATED) this.#context.onUpdated(notification);
      },
    });
    const deadline = startDeadline(this.#context.platform.clock, this.#context.timeoutMs);
    deadline.signal.addEventListener("abort", () => abort.abort());
    const first = await Promise.race([acknowledged, ended]);
    deadline.dispose();
    if ("kind" in first) return problemOf(first);
    if (this.#closed || this.#wanted.size === 0) {
      abort.abort();
      return "nobody wants it any more";
    }
    this.#stream?.abort.abort();
    const { clock } = this.#context.platform;
    const stream = { abort, uris: first, openedMs: clock.nowMs() };
    this.#stream = stream;
    void ended.then(() => {
      if (this.#stream !== stream) return;
      this.#stream = undefined;
      if (clock.nowMs() - stream.openedMs >= STEADY_MS) this.#failures = 0;
      this.#retryLater();
    });
    return undefined;
  }

  #retryLater(): void {
    this.#cancelRetry?.();
    const { platform } = this.#context;
    const waitMs = backoffMs(this.#failures++, BACKOFF, () => platform.random());
    this.#cancelRetry = platform.clock.schedule(waitMs, () => void this.#reopen());
  }

  async #reopen(): Promise<void> {
    const problem = this.#stream === undefined ? await this.#open() : undefined;
    if (this.#closed || this.#wanted.size === 0) return;
    if (problem !== undefined) {
      this.#retryLater();
      return;
    }
    // What changed while nobody listened was lost, so whoever watches is told to look again.
    for (const uri of this.#wanted.keys()) this.#context.onUpdated({ method: UPDATED, params: { uri } });
  }
}

function grantedBy({ params }: JsonRpcNotification): ReadonlySet<string> {
  const uris = isJsonObject(params.notifications) ? params.notifications.resourceSubscriptions : undefined;
  return new Set(Array.isArray(uris) ? uris.filter((uri) => typeof uri === "string") : []);
}

function problemOf(reply: UpstreamReply): string {
  switch (reply.kind) {
    case "result":
      return "the server ended the subscription at once";
    case "error":
      return reply.error.message;
    case "failed":
      return reply.errorType === "aborted" ? "the server did not acknowledge the subscription" : reply.message;
  }
}
