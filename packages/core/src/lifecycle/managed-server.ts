import {
  type HangarEvent,
  type RegisteredName,
  registeredName,
  type ServerSnapshot,
  type StopReason,
  type TelemetryBus,
} from "@mcp-hangar/telemetry";
import { LISTS, type ListItems, type ListKind } from "../catalog/lists.ts";
import { ServerCatalog } from "../catalog/server-catalog.ts";
import { toolFilter } from "../catalog/tool-policy.ts";
import { type Failure, failure } from "../errors.ts";
import { type CheckOutcome, probe } from "../health/probe.ts";
import type { ServerOptions } from "../options.ts";
import type { Platform } from "../platform/platform.ts";
import type { JsonRpcNotification } from "../protocol/json-rpc.ts";
import { backoffMs } from "../resilience/backoff.ts";
import type { CircuitBreaker } from "../resilience/circuit-breaker.ts";
import type { ConcurrencyLimit } from "../resilience/concurrency-limit.ts";
import type { SessionObserver, Transport, UpstreamSession } from "../transports/session.ts";
import { StartError } from "../transports/session.ts";
import { MessageCounter } from "./message-totals.ts";
import { INITIAL_STATE, type ServerState } from "./state.ts";
import { type LifecycleEffect, type LifecycleInput, type LifecycleLimits, transition } from "./transition.ts";
import { settledBefore } from "./wait.ts";

/** A session that lived this long did not crash at start. */
const STABLE_MS = 10_000;
/** Announced list changes are gathered for this long before the list is fetched again. */
const LIST_DEBOUNCE_MS = 50;
/** A call of an unlisted tool fetches the list again at most this often. */
const MISS_INTERVAL_MS = 5_000;
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
  readonly #context: ServerContext;
  readonly #limits: LifecycleLimits;
  readonly #messages = new MessageCounter();
  readonly #refreshing = new Map<ListKind, Promise<boolean | string>>();
  readonly #closing = new Set<Promise<void>>();
  #state: ServerState<UpstreamSession> = INITIAL_STATE;
  #opening: Opening | undefined;
  #initialized = false;
  #inFlight = 0;
  #lastUsedMs: number;
  #lastMissMs = Number.NEGATIVE_INFINITY;
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
    this.#limits = {
      maxConsecutiveFailures: context.options.max_consecutive_failures,
      stableMs: STABLE_MS,
      retryDelayMs: (failures) => (failures <= 1 ? 0 : backoffMs(failures - 2, RETRY_BACKOFF, context.platform.random)),
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
      const problem = await this.#refreshOnce(list, session);
      if (typeof problem === "string") return failure("upstream_error", `server "${this.id}": ${problem}`);
    }
    return this.catalog.known(list) ?? [];
  }

  /**
   * Somebody asked for a tool that is not listed. Servers that change their tools without saying so are caught here, in
   * the background and at most once in a while, because callers can ask for anything.
   */
  refreshMissed(): void {
    const nowMs = this.#context.platform.clock.nowMs();
    if (nowMs - this.#lastMissMs < MISS_INTERVAL_MS || this.session() === undefined) return;
    this.#lastMissMs = nowMs;
    this.catalog.invalidate(LISTS.tools.changed);
    this.#track(this.#refetch("tools"));
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
    if (state.name !== before.name) {
      this.#emit({
        type: "server.state_changed",
        ...this.#stamp(),
        from: before.name,
        to: state.name,
        cause: input.type,
      });
    }
    for (const effect of effects) this.#run(effect);
    if (before.name === "initializing" && state.name !== "initializing") this.#finishOpening();
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
    const startedMs = clock.nowMs();
    const cancelTimeout = clock.schedule(this.options.start_timeout_s * 1_000, () => {
      abort.abort(new StartError("timeout", this.#timeoutAdvice()));
    });
    let session: UpstreamSession | undefined;
    let ended: string | undefined;
    const observer = this.#observer((message) => {
      ended = message;
      if (session !== undefined) this.#apply({ type: "session_ended", session, message });
    });
    let problem: string | undefined;
    try {
      session = await this.#context.transport.open(observer, abort.signal);
      this.catalog.invalidateAll();
      const listed = await this.#refreshTools(session, abort.signal);
      problem = ended ?? (typeof listed === "string" ? listed : undefined);
      if (abort.signal.aborted) problem = messageOf(abort.signal.reason);
    } catch (error) {
      problem = messageOf(error);
    } finally {
      cancelTimeout();
    }
    const durationSeconds = (clock.nowMs() - startedMs) / 1_000;
    if (session !== undefined && problem === undefined) {
      this.#initialized = true;
      this.#lastUsedMs = clock.nowMs();
      this.#emit({
        type: "server.start_finished",
        ...this.#stamp(),
        result: "success",
        durationSeconds,
        diagnosis: undefined,
      });
      this.#apply({ type: "opened", attempt, session });
      return;
    }
    const diagnosis = problem ?? "the start ended without a session";
    this.#emit({ type: "server.start_finished", ...this.#stamp(), result: "failure", durationSeconds, diagnosis });
    // Closed before the failure is announced: a retry must not meet the remains of this attempt.
    await session?.close();
    this.#apply({ type: "open_failed", attempt, message: diagnosis });
  }

  #observer(onEnded: (message: string) => void): SessionObserver {
    return {
      onNotification: (notification) => this.#onNotification(notification),
      onServerRequest: async ({ method }) => ({
        kind: "error",
        error: { code: -32601, message: `${method}: no client behind this gateway can answer it now` },
      }),
      onClosed: ({ message }) => onEnded(message),
      onLog: (line) => this.#context.onLog(this, line),
      onMessage: (direction, kind) => this.#messages.count(direction, kind),
    };
  }

  #onNotification(notification: JsonRpcNotification): void {
    const lists = this.catalog.invalidate(notification.method);
    if (lists.length === 0) return this.#context.onNotification(this, notification);
    this.#context.platform.clock.schedule(LIST_DEBOUNCE_MS, () => {
      for (const list of lists) this.#track(this.#refetch(list));
    });
  }

  async #refetch(list: ListKind): Promise<void> {
    const session = this.session();
    // A list that nobody has asked for yet is fetched when somebody does.
    if (session === undefined || this.catalog.known(list) === undefined || !this.catalog.isStale(list)) return;
    const changed = await this.#refreshOnce(list, session);
    if (changed === true) this.#context.onListChanged(this, list);
  }

  #refreshOnce(list: ListKind, session: UpstreamSession): Promise<boolean | string> {
    const running = this.#refreshing.get(list);
    if (running !== undefined) return running;
    const timeout = new AbortController();
    const cancel = this.#context.platform.clock.schedule(this.options.call_timeout_s * 1_000, () => timeout.abort());
    const refresh = (
      list === "tools"
        ? this.#refreshTools(session, timeout.signal)
        : this.catalog.refresh(list, session, timeout.signal)
    ).finally(() => {
      cancel();
      this.#refreshing.delete(list);
    });
    this.#refreshing.set(list, refresh);
    return refresh;
  }

  async #refreshTools(session: UpstreamSession, signal: AbortSignal): Promise<boolean | string> {
    const changed = await this.catalog.refresh("tools", session, signal);
    if (changed === true) {
      this.#emit({ type: "server.tools_listed", ...this.#stamp(), tools: this.catalog.toolNames() });
    }
    return changed;
  }

  #startRefusal(): Failure {
    const state = this.#state;
    if (state.name !== "cold" && state.name !== "dead") {
      return failure("start_failed", `server "${this.id}" is ${state.name}`);
    }
    const reason = state.lastError ?? "it was stopped while it started";
    const retryAfterMs = Math.max(0, state.retryAtMs - this.#context.platform.clock.nowMs());
    return failure("start_failed", `server "${this.id}" could not be started: ${reason}`, retryAfterMs);
  }

  #timeoutAdvice(): string {
    return (
      `server "${this.id}" was not ready after ${this.options.start_timeout_s} s (${LISTS.tools.method} included). ` +
      "Run its command by hand to see what it waits for, or raise start_timeout_s."
    );
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#closing.delete(tracked));
    this.#closing.add(tracked);
  }

  async #settled(): Promise<void> {
    while (this.#closing.size > 0) await Promise.allSettled(this.#closing);
  }

  #stamp(): { server: RegisteredName; timeMs: number } {
    return { server: this.id, timeMs: this.#context.platform.clock.wallMs() };
  }

  #emit(event: HangarEvent): void {
    this.#context.bus.emit(event);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
