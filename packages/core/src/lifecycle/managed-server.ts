import {
  type Attempt,
  type ListLabel,
  type RegisteredName,
  registeredName,
  type ServerSnapshot,
  type StopReason,
  type TelemetryBus,
} from "@mcp-hangar/telemetry";
import { ListRefresher } from "../catalog/list-refresher.ts";
import type { ListItems, ListKind } from "../catalog/lists.ts";
import { OfferFilter } from "../catalog/offer-filter.ts";
import { ServerCatalog } from "../catalog/server-catalog.ts";
import { diagnosisOf, type Failure, failure } from "../errors.ts";
import { type CheckOutcome, probe } from "../health/probe.ts";
import { listMaxAgeMs, type ServerOptions } from "../options.ts";
import type { Platform } from "../platform/platform.ts";
import type { PeerDescription } from "../protocol/eras.ts";
import { type JsonRpcNotification, RPC } from "../protocol/json-rpc.ts";
import type { CircuitBreaker } from "../resilience/circuit-breaker.ts";
import type { ConcurrencyLimit } from "../resilience/concurrency-limit.ts";
import type { Transport, UpstreamSession } from "../transports/session.ts";
import { LogLevels } from "./log-levels.ts";
import { logMessageLine } from "./log-message-line.ts";
import { MessageCounter } from "./message-totals.ts";
import { ResourceSubscriptions } from "./resource-subscriptions.ts";
import { ResourceWatches } from "./resource-watches.ts";
import { SessionOwner } from "./session-owner.ts";
import { SignsOfLife } from "./signs-of-life.ts";
import type { SessionCallbacks } from "./start-attempt.ts";
import type { ServerState } from "./state.ts";

const LABELS = {
  tools: "tools",
  prompts: "prompts",
  resources: "resources",
  resourceTemplates: "resource_templates",
} as const satisfies Record<ListKind, ListLabel>;

/** What the groups of the gateway know of a server, and want to know. */
export interface Membership {
  /** The group that has the server as a member. */
  groupOf(server: ManagedServer): RegisteredName | undefined;
  /** Whether the server gets no calls until it has shown that it works. */
  isSuspected(server: ManagedServer): boolean;
  checked(server: ManagedServer, outcome: CheckOutcome): void;
}

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
  readonly onListChanged: (server: ManagedServer, list: ListKind, changed: ReadonlySet<string> | undefined) => void;
  readonly onLog: (server: ManagedServer, line: string) => void;
  readonly membership: Membership;
}

/** One upstream server: its session, what it offers, who uses it, and how it is. */
export class ManagedServer {
  readonly id: RegisteredName;
  readonly options: ServerOptions;
  /** Host and port of a remote server; `undefined` for others. */
  readonly address: string | undefined;
  readonly catalog: ServerCatalog;
  readonly breaker: CircuitBreaker;
  readonly slots: ConcurrencyLimit;
  /** Subscriptions to its resources, if it is a modern one. */
  readonly watches: ResourceWatches;
  /** Subscriptions to its resources, if it is a legacy one. */
  readonly subscriptions: ResourceSubscriptions;
  /** Which of its log messages clients want. */
  readonly logLevels: LogLevels;
  /** What its answers, and their absence, say about it. */
  readonly signs: SignsOfLife;
  readonly #context: ServerContext;
  readonly #owner: SessionOwner;
  readonly #messages = new MessageCounter();
  readonly #lists: ListRefresher;
  #peer: PeerDescription | undefined;
  #inFlight = 0;
  #keepers = 0;
  readonly #whenUnused: (() => void)[] = [];
  #lastUsedMs: number;

  constructor(context: ServerContext) {
    const { platform, options, bus } = context;
    const timeoutMs = options.call_timeout_s * 1_000;
    this.#context = context;
    // The id comes from the configuration.
    this.id = registeredName(context.id);
    this.options = options;
    this.address = options.mode === "remote" ? URL.parse(options.endpoint)?.host : undefined;
    this.breaker = context.breaker;
    this.slots = context.slots;
    const stamp = (): { timeMs: number; server: RegisteredName } => ({
      timeMs: platform.clock.wallMs(),
      server: this.id,
    });
    this.catalog = new ServerCatalog(new OfferFilter(options), platform.clock, {
      onFaults: (list, faults) => {
        bus.emit({ type: "server.list_faulty", ...stamp(), list: LABELS[list], ...faults });
      },
      onRedefined: (changes) => bus.emit({ type: "server.tools_changed", ...stamp(), ...changes }),
    });
    this.#lastUsedMs = platform.clock.nowMs();
    this.#owner = new SessionOwner({
      id: this.id,
      options,
      transport: context.transport,
      catalog: this.catalog,
      platform,
      callbacks: this.#callbacks(),
      emit: (event) => bus.emit(event),
      onStarted: (toolsChanged, peer) => this.#onStarted(toolsChanged, peer),
    });
    this.#lists = new ListRefresher({
      catalog: this.catalog,
      clock: platform.clock,
      timeoutMs,
      maxAgeMs: listMaxAgeMs(options),
      session: () => this.session(),
      onChanged: (list) => this.#onListChanged(list),
    });
    const session = (): UpstreamSession | undefined => this.session();
    this.signs = new SignsOfLife({ clock: platform.clock, callTimeoutMs: timeoutMs, session });
    const upstream = { platform, timeoutMs, session };
    this.subscriptions = new ResourceSubscriptions(upstream);
    this.logLevels = new LogLevels(upstream);
    this.watches = new ResourceWatches({
      ...upstream,
      onUpdated: (notification) => context.onNotification(this, notification),
    });
  }

  get state(): ServerState<UpstreamSession> {
    return this.#owner.state;
  }

  /** What the server said of itself when it was last started; `undefined` when it never was. */
  get peer(): PeerDescription | undefined {
    return this.#peer;
  }

  /** The live session, if there is one. */
  session(): UpstreamSession | undefined {
    return this.#owner.session();
  }

  /**
   * A session, started if need be. All callers join the one start in flight and each leaves by its own `signal`, which
   * does not end the start. A server that failed a moment ago refuses at once, with the reason, unless `force` is set.
   */
  ensureReady(signal: AbortSignal, force = false): Promise<UpstreamSession | Failure> {
    return this.#owner.ensureReady(signal, force);
  }

  /** Stops the server and resolves when its session is gone. The next call starts it again. */
  stop(reason: Exclude<StopReason, "crashed">): Promise<void> {
    return this.#owner.stop(reason);
  }

  /** Stops for good: no later call starts it again. */
  async close(reason: Exclude<StopReason, "crashed">): Promise<void> {
    this.watches.close();
    await this.#owner.retire(reason);
  }

  /** Calls that wait for the server or run at it. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Keeps the idle sweep away until the returned function is called, as for a subscription; a removal does not wait. */
  keepUp(): () => void {
    this.#keepers++;
    return () => {
      this.#keepers--;
      this.#lastUsedMs = this.#context.platform.clock.nowMs();
    };
  }

  /** Marks the server as in use until {@link endUse}; a server in use is neither swept nor closed by a removal. */
  beginUse(): void {
    this.#inFlight++;
  }

  /** The end of one use, by this attempt. */
  endUse(attempt: Pick<Attempt, "requestBytes" | "responseBytes">): void {
    this.#messages.countBytes(attempt);
    this.#lastUsedMs = this.#context.platform.clock.nowMs();
    if (--this.#inFlight === 0) for (const resolve of this.#whenUnused.splice(0)) resolve();
  }

  /** Resolves as soon as nobody uses the server. */
  async unused(): Promise<void> {
    if (this.#inFlight > 0) await new Promise<void>((resolve) => this.#whenUnused.push(resolve));
  }

  /** Whether it runs, nobody uses it, and its time to live has passed. */
  isIdle(nowMs: number): boolean {
    return (
      this.session() !== undefined &&
      this.#inFlight === 0 &&
      this.#keepers === 0 &&
      nowMs - this.#lastUsedMs >= this.options.idle_ttl_s * 1_000
    );
  }

  /** Fetches a list if it is stale, at most one fetch at a time. */
  async refresh(list: ListKind, signal: AbortSignal): Promise<ListItems | Failure> {
    const session = await this.ensureReady(signal);
    if ("kind" in session) return session;
    if (this.catalog.isStale(list)) {
      const problem = await this.#lists.refresh(list, session);
      if (typeof problem !== "boolean") {
        const what = `server "${this.id}"`;
        const refused = failure(problem.errorType, `${what} does not list its ${list}`);
        // What a server says to a question of the gateway is not for whoever made the gateway ask.
        return { ...refused, diagnosis: `${what}: ${problem.message}` };
      }
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
    const outcome = await this.#check(timeoutMs);
    this.#context.membership.checked(this, outcome);
    return outcome;
  }

  async #check(timeoutMs: number): Promise<CheckOutcome> {
    const session = this.session();
    if (session !== undefined) {
      const { clock } = this.#context.platform;
      const askedMs = clock.nowMs();
      const outcome = await probe(session, timeoutMs, clock);
      if (this.session() !== session) return { result: "skipped", message: undefined };
      // It works on a call and shows it: a server that does one thing at a time answers when that is done.
      if (outcome.result === "unhealthy" && this.#inFlight > 0 && this.signs.since(askedMs)) {
        return { result: "skipped", message: undefined };
      }
      if (outcome.result === "healthy") this.signs.answered();
      this.#owner.checked(
        session,
        outcome.result === "healthy" ? undefined : (outcome.message ?? "health check failed"),
      );
      return outcome;
    }
    const { state, retired } = this.#owner;
    // Nobody else would start a server that is out of its group's rotation, so it could never come back.
    const suspected = state.name === "cold" && (state.failures > 0 || this.#context.membership.isSuspected(this));
    const broken = state.name === "dead" || suspected;
    if (!broken || retired) return { result: "skipped", message: undefined };
    const started = await this.ensureReady(new AbortController().signal);
    return "kind" in started
      ? { result: "unhealthy", message: diagnosisOf(started) }
      : { result: "healthy", message: undefined };
  }

  snapshot(): ServerSnapshot {
    const { state } = this.#owner;
    return {
      id: this.id,
      mode: this.options.mode,
      group: this.#context.membership.groupOf(this),
      state: state.name,
      up: state.name === "ready" || (state.name === "cold" && state.failures === 0),
      initialized: this.#peer !== undefined,
      coldStartInProgress: state.name === "initializing",
      consecutiveFailures: state.failures,
      breaker: this.breaker.state(),
      inFlight: this.#inFlight,
      httpConnections: this.options.mode === "remote" ? (this.session()?.connections() ?? 0) : undefined,
      messages: this.#messages.totals(),
      transferBytes: this.#messages.bytes(),
      tools: this.catalog.toolNames(),
      toolDefinitionBytes: this.catalog.definitionBytes(),
    };
  }

  #callbacks(): SessionCallbacks {
    return {
      onNotification: (notification) => {
        if (this.#lists.announced(notification.method)) return;
        // Whose call the message stems from is not known, so it is for the operator.
        if (notification.method === "notifications/message")
          this.#context.onLog(this, logMessageLine(notification.params));
        this.#context.onNotification(this, notification);
      },
      onServerRequest: async ({ method }, why) => ({
        kind: "error",
        error: { code: RPC.methodNotFound, message: `${method}: no client can be asked, because ${why}` },
      }),
      onLog: (line) => this.#context.onLog(this, line),
      onMessage: (direction, kind) => this.#messages.count(direction, kind),
    };
  }

  #onStarted(toolsChanged: boolean, peer: PeerDescription): void {
    this.#peer = peer;
    this.#lastUsedMs = this.#context.platform.clock.nowMs();
    this.#lists.fetched("tools");
    if (toolsChanged) this.#onListChanged("tools");
    // The session is adopted when this turn is over.
    this.#context.platform.clock.defer(() => this.logLevels.renew());
  }

  #onListChanged(list: ListKind): void {
    if (list === "tools") {
      const timeMs = this.#context.platform.clock.wallMs();
      const tools = this.catalog.toolNames();
      this.#context.bus.emit({ type: "server.tools_listed", timeMs, server: this.id, tools });
    }
    this.#context.onListChanged(this, list, this.catalog.changed(list));
  }
}
