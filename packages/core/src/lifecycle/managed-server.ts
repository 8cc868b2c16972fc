import { egress } from "@mcp-hangar/egress";
import {
  type Attempt,
  type RegisteredName,
  registeredName,
  type ServerSnapshot,
  type StopReason,
} from "@mcp-hangar/telemetry";
import type { ListItems, ListKind } from "../catalog/lists.ts";
import type { ServerCatalog } from "../catalog/server-catalog.ts";
import { ServerLists } from "../catalog/server-lists.ts";
import type { Failure } from "../errors.ts";
import { type CheckOutcome, checkServer } from "../health/probe.ts";
import type { ServerOptions } from "../options.ts";
import type { CancelSignal } from "../platform/cancellation.ts";
import type { PeerDescription } from "../protocol/eras.ts";
import { type JsonRpcErrorObject, RPC } from "../protocol/json-rpc.ts";
import type { CircuitBreaker } from "../resilience/circuit-breaker.ts";
import type { ConcurrencyLimit } from "../resilience/concurrency-limit.ts";
import type { UpstreamSession } from "../transports/session.ts";
import { LogLevels } from "./log-levels.ts";
import { logMessageLine } from "./log-message-line.ts";
import { MessageCounter } from "./message-totals.ts";
import { OwnSessions } from "./own-sessions.ts";
import { ResourceSubscriptions } from "./resource-subscriptions.ts";
import { ResourceWatches } from "./resource-watches.ts";
import type { ServerContext } from "./server-context.ts";
import { SessionOwner } from "./session-owner.ts";
import type { ClientLine, Party } from "./session-party.ts";
import { SignsOfLife } from "./signs-of-life.ts";
import type { SessionCallbacks } from "./start-attempt.ts";
import type { StartProgress } from "./start-time.ts";
import type { ServerState } from "./state.ts";
import { Usage } from "./usage.ts";

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
  /** The sessions of its callers or clients, if each has its own. */
  readonly ownSessions: OwnSessions | undefined;
  readonly #context: ServerContext;
  readonly #owner: SessionOwner;
  readonly #messages = new MessageCounter();
  readonly #lists: ServerLists;
  #peer: PeerDescription | undefined;
  readonly #usage: Usage;
  /** Host and port of the proxy through which a remote server is reached. */
  readonly #proxy: string | undefined;

  constructor(context: ServerContext) {
    const { platform, options, bus } = context;
    const timeoutMs = options.call_timeout_s * 1_000;
    this.#context = context;
    // The id comes from the configuration.
    this.id = registeredName(context.id);
    this.options = options;
    const endpoint = options.mode === "remote" ? URL.parse(options.endpoint) : null;
    this.address = endpoint?.host;
    this.#proxy = endpoint === null ? undefined : egress.proxyFor(endpoint)?.name;
    this.breaker = context.breaker;
    this.slots = context.slots;
    this.#lists = new ServerLists({
      id: this.id,
      options,
      clock: platform.clock,
      bus,
      session: () => this.session(),
      ensureReady: (signal) => this.ensureReady(signal),
      onChanged: (list, changed) => context.onListChanged(this, list, changed),
    });
    this.catalog = this.#lists.catalog;
    this.#usage = new Usage(platform.clock);
    this.#owner = new SessionOwner({
      id: this.id,
      options,
      transport: context.transport,
      catalog: this.catalog,
      platform,
      callbacks: this.#callbacks(),
      emit: (event) => bus.emit(event),
      servedAtMs: () => this.#usage.servedAtMs,
      onStarted: (toolsChanged, peer) => this.#onStarted(toolsChanged, peer),
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
    if (options.sessions !== "shared") this.ownSessions = this.#separated();
  }

  get state(): ServerState<UpstreamSession> {
    return this.#owner.state;
  }

  /** How far the start is that runs; `undefined` when none does. */
  get startProgress(): StartProgress | undefined {
    return this.#owner.startProgress;
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
  ensureReady(signal: CancelSignal, force = false): Promise<UpstreamSession | Failure> {
    return this.#owner.ensureReady(signal, force);
  }

  /** Stops the server and resolves when its sessions are gone. The next call starts it again. */
  async stop(reason: Exclude<StopReason, "crashed">): Promise<void> {
    await Promise.all([this.#owner.stop(reason), this.ownSessions?.stop()]);
  }

  /** Stops for good: no later call starts it again. */
  async close(reason: Exclude<StopReason, "crashed">): Promise<void> {
    this.watches.close();
    await Promise.all([this.#owner.retire(reason), this.ownSessions?.retire()]);
  }

  /** Calls that wait for the server or run at it. */
  get inFlight(): number {
    return this.#usage.inFlight;
  }

  /** Keeps the idle sweep away until the returned function is called, as for a subscription; a removal does not wait. */
  keepUp(): () => void {
    return this.#usage.keep();
  }

  /** Marks the server as in use until {@link endUse}; a server in use is neither swept nor closed by a removal. */
  beginUse(): void {
    this.#usage.begin();
  }

  /** The end of one use, by this attempt. */
  endUse(attempt: Pick<Attempt, "requestBytes" | "responseBytes">): void {
    this.#messages.countBytes(attempt);
    this.#usage.end(attempt.responseBytes !== undefined);
  }

  /** Resolves as soon as nobody uses the server. */
  unused(): Promise<void> {
    return this.#usage.unused();
  }

  /** Whether it runs, nobody uses it, and its time to live has passed. */
  isIdle(nowMs: number): boolean {
    return this.session() !== undefined && this.#usage.isIdle(nowMs, this.options.idle_ttl_s * 1_000);
  }

  /** Where the subscriptions of a client to resources of a legacy server are kept. */
  subscriptionsOf(party: Party): ResourceSubscriptions | Failure {
    return this.ownSessions === undefined ? this.subscriptions : this.ownSessions.subscriptionsOf(party);
  }

  /** A client wants these log messages from now on. Resolves to why the server refused. */
  async wantLevel(
    party: Party & { readonly line: ClientLine },
    level: string,
  ): Promise<JsonRpcErrorObject | undefined> {
    if (this.ownSessions === undefined) return await this.logLevels.want(party.line, level);
    await this.ownSessions.tellLevel(party, level);
    return undefined;
  }

  /** Fetches a list if it is stale, at most one fetch at a time. */
  refresh(list: ListKind, signal: CancelSignal): Promise<ListItems | Failure> {
    return this.#lists.refresh(list, signal);
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
    const outcome = await checkServer(this, timeoutMs, {
      owner: this.#owner,
      clock: this.#context.platform.clock,
      isSuspected: () => this.#context.membership.isSuspected(this),
    });
    this.#context.membership.checked(this, outcome);
    return outcome;
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
      inFlight: this.inFlight,
      httpConnections: this.options.mode === "remote" ? this.#connections() : undefined,
      ownSessions: this.ownSessions?.snapshot(),
      proxy: this.#proxy,
      messages: this.#messages.totals(),
      transferBytes: this.#messages.bytes(),
      tools: this.catalog.toolNames(),
      toolDefinitionBytes: this.catalog.definitionBytes(),
    };
  }

  #connections(): number {
    return (this.session()?.connections() ?? 0) + (this.ownSessions?.connections() ?? 0);
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

  #separated(): OwnSessions {
    return new OwnSessions({
      ...this.#context,
      id: this.id,
      onLog: (line) => this.#context.onLog(this, line),
      onMessage: (direction, kind) => this.#messages.count(direction, kind),
      onNotification: (notification, audience) => {
        // Lists are those of the server, whoever hears of a change.
        if (!this.#lists.announced(notification.method)) this.#context.onNotification(this, notification, audience);
      },
    });
  }

  #onStarted(toolsChanged: boolean, peer: PeerDescription): void {
    this.#peer = peer;
    this.#usage.touch();
    this.#lists.started(toolsChanged);
    // The session is adopted when this turn is over.
    this.#context.platform.clock.defer(() => this.logLevels.renew());
  }
}
