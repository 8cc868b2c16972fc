import {
  type HangarEvent,
  type RegisteredName,
  registeredName,
  type ServerSnapshot,
  type StopReason,
  type TelemetryBus,
} from "@mcp-hangar/telemetry";
import { ListRefresher } from "../catalog/list-refresher.ts";
import type { ListItems, ListKind } from "../catalog/lists.ts";
import { ServerCatalog } from "../catalog/server-catalog.ts";
import { toolFilter } from "../catalog/tool-policy.ts";
import { type Failure, failure } from "../errors.ts";
import { type CheckOutcome, probe } from "../health/probe.ts";
import type { ServerOptions } from "../options.ts";
import type { Platform } from "../platform/platform.ts";
import { type JsonRpcNotification, RPC } from "../protocol/json-rpc.ts";
import { backoffMs } from "../resilience/backoff.ts";
import type { CircuitBreaker } from "../resilience/circuit-breaker.ts";
import type { ConcurrencyLimit } from "../resilience/concurrency-limit.ts";
import { StartError, type Transport, type UpstreamSession } from "../transports/session.ts";
import { MessageCounter } from "./message-totals.ts";
import { ResourceWatches } from "./resource-watches.ts";
import { attemptStart, type SessionCallbacks, startTimeout } from "./start-attempt.ts";
import { INITIAL_STATE, type ServerState } from "./state.ts";
import { type LifecycleEffect, type LifecycleInput, type LifecycleLimits, transition } from "./transition.ts";
import { settledBefore } from "./wait.ts";

/** A session that lived this long did not crash at start. */
const STABLE_MS = 10_000;
const RETRY_BACKOFF = { baseMs: 1_000, maxMs: 60_000 } as const;

/** What a server needs from the gateway around it. */
export interface ServerContext {
  readonly id: string;
  readonly options: ServerOptions;
  readonly transport: Transport;
  readonly breaker: CircuitBreaker;
  readonly slots: ConcurrencyLimit;
  readonly platform: Platform;
  readonly bus: TelemetryBus;
  /** Notifications of the server that belong to no request of ours. */
  readonly onNotification: (server: ManagedServer, notification: JsonRpcNotification) => void;
  /** A list of the server has other items than before. */
  readonly onListChanged: (server: ManagedServer, list: ListKind) => void;
  readonly onLog: (server: ManagedServer, line: string) => void;
}

interface Opening {
  readonly attempt: number;
  readonly abort: AbortController;
  readonly done: PromiseWithResolvers<void>;
}

/** One upstream server: runs the effects of the lifecycle and owns what the server owns. */
export class ManagedServer {
  readonly id: RegisteredName;
  readonly options: ServerOptions;
  readonly catalog: ServerCatalog;
  readonly breaker: CircuitBreaker;
  readonly slots: ConcurrencyLimit;
  /** Subscriptions to its resources, if it is a modern one. */
  readonly watches: ResourceWatches;
  readonly #context: ServerContext;
  readonly #limits: LifecycleLimits;
  readonly #messages = new MessageCounter();
  readonly #lists: ListRefresher;
  readonly #closing = new Set<Promise<void>>();
  #state: ServerState<UpstreamSession> = INITIAL_STATE;
  #opening: Opening | undefined;
  #initialized = false;
  #inFlight = 0;
  #lastUsedMs: number;
  #closed = false;

  constructor(context: ServerContext) {
    this.#context = context;
    // The id comes from the configuration.
    this.id = registeredName(context.id);
    this.options = context.options;
    this.breaker = context.breaker;
    this.slots = context.slots;
    this.catalog = new ServerCatalog(toolFilter(context.options.tools));
    this.#lastUsedMs = context.platform.clock.nowMs();
    this.#lists = new ListRefresher({
      catalog: this.catalog,
      clock: context.platform.clock,
      timeoutMs: context.options.call_timeout_s * 1_000,
      session: () => this.session(),
      onChanged: (list) => this.#onListChanged(list),
    });
    this.watches = new ResourceWatches({
      platform: context.platform,
      timeoutMs: context.options.call_timeout_s * 1_000,
      session: () => this.session(),
      onUpdated: (notification) => context.onNotification(this, notification),
    });
    this.#limits = {
      maxConsecutiveFailures: context.options.max_consecutive_failures,
      stableMs: STABLE_MS,
      retryDelayMs: (failures) =>
        failures <= 1 ? 0 : backoffMs(failures - 2, RETRY_BACKOFF, () => context.platform.random()),
    };
  }

  get state(): ServerState<UpstreamSession> {
    return this.#state;
  }

  /** The live session, if there is one. */
  session(): UpstreamSession | undefined {
    const state = this.#state;
    return state.name === "ready" || state.name === "degraded" ? state.session : undefined;
  }

  /**
   * A session, started if need be. All callers join the one start in flight and each leaves by its own `signal`, which
   * does not end the start. A server that failed a moment ago refuses at once, with the reason.
   */
  async ensureReady(signal: AbortSignal, force = false): Promise<UpstreamSession | Failure> {
    const session = this.session();
    if (session !== undefined) return session;
    if (this.#closed) return failure("start_failed", `server "${this.id}" was removed or the gateway is shutting down`);
    this.#apply({ type: "start_requested", force });
    const opening = this.#opening;
    if (opening === undefined) return this.#startRefusal();
    if (!(await settledBefore(opening.done.promise, signal))) {
      return failure("cancelled", `gave up waiting for server "${this.id}" to start`);
    }
    return this.session() ?? this.#startRefusal();
  }

  /** Stops the server and resolves when its session is gone. The next call starts it again. */
  async stop(reason: Exclude<StopReason, "crashed">): Promise<void> {
    this.#apply({ type: "stop_requested", reason });
    await this.#settled();
  }

  /** Stops for good: no later call starts it again. */
  async close(reason: Exclude<StopReason, "crashed">): Promise<void> {
    this.#closed = true;
    this.watches.close();
    await this.stop(reason);
    await this.#context.transport.close();
  }

  /** Marks the server as in use until the returned function is called; a server in use is never swept. */
  use(): () => void {
    this.#inFlight++;
    return () => {
      this.#inFlight--;
      this.#lastUsedMs = this.#context.platform.clock.nowMs();
    };
  }

  /** Whether it runs, nobody uses it, and its time to live has passed. */
  isIdle(nowMs: number): boolean {
    return (
      this.session() !== undefined &&
      this.#inFlight === 0 &&
      nowMs - this.#lastUsedMs >= this.options.idle_ttl_s * 1_000
    );
  }

  /** Fetches a list if it is stale, at most one fetch at a time; a string says why it could not be fetched. */
  async refresh(list: ListKind, signal: AbortSignal): Promise<ListItems | Failure> {
    const session = await this.ensureReady(signal);
    if ("kind" in session) return session;
    if (this.catalog.isStale(list)) {
      const problem = await this.#lists.refresh(list, session);
      if (typeof problem === "string") return failure("upstream_error", `server "${this.id}": ${problem}`);
    }
    return this.catalog.known(list) ?? [];
  }

  /** Fetches a stale list without anybody waiting; a difference is announced. */
  refreshInBackground(list: ListKind): void {
    this.#lists.inBackground(list);
  }

  /** Somebody asked for a tool that is not listed: the list may be out of date. */
  refreshMissed(): void {
    this.#lists.missed();
  }

  /** Probes the running server, or tries to bring a failed one back; what there is nothing to probe of is skipped. */
  async check(timeoutMs: number): Promise<CheckOutcome> {
    const session = this.session();
    if (session !== undefined) {
      const outcome = await probe(session, timeoutMs, this.#context.platform.clock);
      if (this.session() !== session) return { result: "skipped", message: undefined };
      if (outcome.result === "healthy") this.#apply({ type: "check_succeeded", session });
      else this.#apply({ type: "check_failed", session, message: outcome.message ?? "health check failed" });
      return outcome;
    }
    const broken = this.#state.name === "dead" || (this.#state.name === "cold" && this.#state.failures > 0);
    if (!broken || this.#closed) return { result: "skipped", message: undefined };
    const started = await this.ensureReady(new AbortController().signal);
    return "kind" in started
      ? { result: "unhealthy", message: started.message }
      : { result: "healthy", message: undefined };
  }

  snapshot(): ServerSnapshot {
    const state = this.#state;
    return {
      id: this.id,
      mode: this.options.mode,
      group: undefined,
      state: state.name,
      up: state.name === "ready" || (state.name === "cold" && state.failures === 0),
      initialized: this.#initialized,
      coldStartInProgress: state.name === "initializing",
      consecutiveFailures: state.failures,
      breaker: this.breaker.state(),
      inFlight: this.#inFlight,
      httpConnections: this.options.mode === "remote" ? (this.session()?.connections() ?? 0) : undefined,
      messages: this.#messages.totals(),
      tools: this.catalog.toolNames(),
    };
  }

  #apply(input: LifecycleInput<UpstreamSession>): void {
    const before = this.#state;
    const { state, effects } = transition(before, input, this.#context.platform.clock.nowMs(), this.#limits);
    this.#state = state;
    for (const effect of effects) this.#run(effect);
    if (before.name === "initializing" && state.name !== "initializing") this.#finishOpening();
    // Told last, when everything is in place: a listener may call back into this server.
    if (state.name !== before.name) {
      this.#emit({
        type: "server.state_changed",
        ...this.#stamp(),
        from: before.name,
        to: state.name,
        cause: input.type,
      });
    }
  }

  #run(effect: LifecycleEffect<UpstreamSession>): void {
    switch (effect.type) {
      case "open":
        this.#opening = { attempt: effect.attempt, abort: new AbortController(), done: Promise.withResolvers<void>() };
        this.#track(this.#open(this.#opening));
        break;
      case "abort_open":
        this.#opening?.abort.abort(new StartError("stopped", `server "${this.id}" was stopped while it started`));
        break;
      case "close":
        this.#track(effect.session.close());
        break;
      case "report_stop":
        this.#emit({ type: "server.stopped", ...this.#stamp(), reason: effect.reason, message: effect.message });
        break;
    }
  }

  #finishOpening(): void {
    const opening = this.#opening;
    this.#opening = undefined;
    opening?.done.resolve();
  }

  async #open({ attempt, abort }: Opening): Promise<void> {
    const { clock } = this.#context.platform;
    const seconds = this.options.start_timeout_s;
    const startedMs = clock.nowMs();
    const cancelTimeout = clock.schedule(seconds * 1_000, () => abort.abort(startTimeout(this.id, seconds)));
    let endedMessage: string | undefined;
    const outcome = await attemptStart(
      this.#context.transport,
      this.catalog,
      this.#callbacks(),
      abort.signal,
      (session, message) => {
        endedMessage = message;
        this.#apply({ type: "session_ended", session, message });
      },
    );
    cancelTimeout();
    const finished = {
      type: "server.start_finished",
      ...this.#stamp(),
      durationSeconds: (clock.nowMs() - startedMs) / 1_000,
    } as const;
    if (outcome.kind === "failed") {
      this.#emit({ ...finished, result: "failure", diagnosis: outcome.message });
      this.#apply({ type: "open_failed", attempt, message: outcome.message });
      return;
    }
    this.#initialized = true;
    this.#lastUsedMs = clock.nowMs();
    this.#emit({ ...finished, result: "success", diagnosis: undefined });
    if (outcome.toolsChanged) this.#onListChanged("tools");
    this.#apply({ type: "opened", attempt, session: outcome.session });
    // It may have ended between its last answer and its adoption, when nobody owned it yet.
    if (endedMessage !== undefined) {
      this.#apply({ type: "session_ended", session: outcome.session, message: endedMessage });
    }
  }

  #callbacks(): SessionCallbacks {
    return {
      onNotification: (notification) => {
        if (!this.#lists.announced(notification.method)) this.#context.onNotification(this, notification);
      },
      onServerRequest: async ({ method }) => ({
        kind: "error",
        error: { code: RPC.methodNotFound, message: `${method}: no client behind this gateway can answer it now` },
      }),
      onLog: (line) => this.#context.onLog(this, line),
      onMessage: (direction, kind) => this.#messages.count(direction, kind),
    };
  }

  #onListChanged(list: ListKind): void {
    if (list === "tools") {
      this.#emit({ type: "server.tools_listed", ...this.#stamp(), tools: this.catalog.toolNames() });
    }
    this.#context.onListChanged(this, list);
  }

  #startRefusal(): Failure {
    const state = this.#state;
    if (state.name !== "cold" && state.name !== "dead") {
      return failure("start_failed", `server "${this.id}" is ${state.name}`);
    }
    const reason = state.lastError ?? "it was stopped while it started";
    const retryAfterMs = Math.max(0, state.retryAtMs - this.#context.platform.clock.nowMs());
    return failure("start_failed", `server "${this.id}" is not available: ${reason}`, retryAfterMs);
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#closing.delete(tracked));
    this.#closing.add(tracked);
  }

  /** Waits for what runs now; what is started meanwhile is not ours to wait for. */
  async #settled(): Promise<void> {
    await Promise.allSettled(this.#closing);
  }

  #stamp(): { server: RegisteredName; timeMs: number } {
    return { server: this.id, timeMs: this.#context.platform.clock.wallMs() };
  }

  #emit(event: HangarEvent): void {
    this.#context.bus.emit(event);
  }
}
