import type { CancelSignal } from "../../platform/cancellation.ts";
import type { Clock } from "../../platform/platform.ts";
import type { Era, PeerDescription } from "../../protocol/eras.ts";
import type { JsonRpcNotification } from "../../protocol/json-rpc.ts";
import { startDeadline } from "../../resilience/deadline.ts";
import {
  type SessionObserver,
  StartError,
  type UpstreamReply,
  type UpstreamRequest,
  type UpstreamSession,
} from "../session.ts";

/** What a session needs apart from its modern side and its observer. */
export interface EraMatchingOptions {
  readonly clock: Clock;
  /** Milliseconds that opening the legacy side may take. */
  readonly openTimeoutMs: number;
  /** Opens the legacy side; `undefined` when it would be of no use. @throws StartError */
  readonly openLegacy: (observer: SessionObserver, signal: CancelSignal) => Promise<UpstreamSession | undefined>;
}

/** How long legacy clients are served in the modern era after the legacy side could not be reached. */
const RETRY_MS = 30_000;
/** Failures that say nothing about which eras a server speaks. */
const PASSING: ReadonlySet<string> = new Set([
  "connection_lost",
  "connection_refused",
  "dns_failed",
  "overloaded",
  "timeout",
  "tls_failed",
  "upstream_error",
]);

/**
 * A session with a modern server that may speak the legacy era too. Requests of legacy clients go to its legacy side,
 * which is opened by the first of them, because only there may the server ask its client back. A server that refuses
 * that is served by the modern era alone.
 */
export class EraMatchingSession implements UpstreamSession {
  readonly #modern: UpstreamSession;
  readonly #observer: SessionObserver;
  readonly #options: EraMatchingOptions;
  readonly #ending = new AbortController();
  readonly #ended = new Set<Promise<void>>();
  #legacy: UpstreamSession | undefined;
  #opening: Promise<void> | undefined;
  /** Nothing is opened before; infinite when the server speaks no legacy era. */
  #opensAtMs = Number.NEGATIVE_INFINITY;
  #closing: Promise<void> | undefined;

  constructor(modern: UpstreamSession, observer: SessionObserver, options: EraMatchingOptions) {
    this.#modern = modern;
    this.#observer = observer;
    this.#options = options;
  }

  get peer(): PeerDescription {
    return this.#modern.peer;
  }

  async peerFor(era: Era): Promise<PeerDescription> {
    if (era === "legacy" && this.#mayOpen()) await this.#open();
    return era === "legacy" ? this.#side().peer : this.peer;
  }

  request(request: UpstreamRequest): Promise<UpstreamReply> {
    if (request.clientEra !== "legacy") return this.#modern.request(request);
    return this.#mayOpen() ? this.#requestOnceOpen(request) : this.#side().request(request);
  }

  notify(notification: JsonRpcNotification): void {
    this.#modern.notify(notification);
  }

  connections(): number {
    return (this.#modern.connections() ?? 0) + (this.#legacy?.connections() ?? 0);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Whom requests of legacy clients go to now. */
  #side(): UpstreamSession {
    return this.#legacy ?? this.#modern;
  }

  #mayOpen(): boolean {
    return (
      this.#legacy === undefined &&
      this.#opensAtMs !== Number.POSITIVE_INFINITY &&
      !this.#ending.signal.aborted &&
      this.#options.clock.nowMs() >= this.#opensAtMs
    );
  }

  /** Whoever gives up meanwhile does not wait for the opening: a session answers an aborted request at once. */
  #requestOnceOpen(request: UpstreamRequest): Promise<UpstreamReply> {
    return new Promise((resolve) => {
      let gone = false;
      const go = (): void => {
        if (gone) return;
        gone = true;
        request.signal?.removeEventListener("abort", go);
        resolve(this.#side().request(request));
      };
      request.signal?.addEventListener("abort", go);
      if (request.signal?.aborted) go();
      else void this.#open().then(go);
    });
  }

  /** One opening at a time, for all who wait for it. Never rejects. */
  #open(): Promise<void> {
    this.#opening ??= this.#openLegacy().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #openLegacy(): Promise<void> {
    const { clock, openTimeoutMs, openLegacy } = this.#options;
    const deadline = startDeadline(clock, openTimeoutMs, this.#ending.signal);
    let over = false;
    let opened: UpstreamSession | undefined;
    const onClosed = (): void => {
      over = true;
      if (opened !== undefined) this.#drop(opened);
    };
    try {
      opened = await openLegacy(this.#observed(onClosed), deadline.signal);
      if (opened === undefined) this.#opensAtMs = Number.POSITIVE_INFINITY;
      else if (over || this.#ending.signal.aborted) this.#drop(opened);
      else this.#legacy = opened;
    } catch (error) {
      this.#failed(error, deadline.signal.aborted);
    } finally {
      deadline.dispose();
    }
  }

  #failed(error: unknown, gaveUp: boolean): void {
    const passing = gaveUp || !(error instanceof StartError) || PASSING.has(error.code);
    this.#opensAtMs = passing ? this.#options.clock.nowMs() + RETRY_MS : Number.POSITIVE_INFINITY;
    if (!passing || this.#ending.signal.aborted) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#observer.onLog(
      `legacy clients are served in the modern era for ${RETRY_MS / 1_000} s, where this server cannot ask them back: ${reason}`,
    );
  }

  /** The owner of this session hears of everything but the end of the legacy side, which the next request reopens. */
  #observed(onClosed: () => void): SessionObserver {
    const observer = this.#observer;
    return {
      onNotification: (notification) => observer.onNotification(notification),
      onServerRequest: (request, why, call) => observer.onServerRequest(request, why, call),
      onLog: (line) => observer.onLog(line),
      onMessage: (direction, kind) => observer.onMessage(direction, kind),
      onClosed,
    };
  }

  #drop(session: UpstreamSession): void {
    if (this.#legacy === session) this.#legacy = undefined;
    const ended = session.close().finally(() => this.#ended.delete(ended));
    this.#ended.add(ended);
  }

  async #close(): Promise<void> {
    this.#ending.abort();
    // An opening under way ends by the abort, and drops what it opened all the same.
    await Promise.all([this.#modern.close(), this.#legacy?.close(), this.#opening]);
    await Promise.all(this.#ended);
  }
}
