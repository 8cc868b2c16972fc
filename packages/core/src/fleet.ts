import {
  type BreakerStateName,
  knownSecrets,
  type ServerSnapshot,
  type StopReason,
  secretsIn,
  type TelemetryBus,
} from "@mcp-hangar/telemetry";
import { callLimit, limitSizes } from "./call-limit.ts";
import { LIST_KINDS, type ListKind } from "./catalog/lists.ts";
import { Groups } from "./groups/groups.ts";
import type { ServerGroup } from "./groups/server-group.ts";
import { HealthMonitor } from "./health/health-monitor.ts";
import { IdleSweep } from "./health/idle-sweep.ts";
import { ManagedServer } from "./lifecycle/managed-server.ts";
import type { Audience, ClientLine } from "./lifecycle/session-party.ts";
import type { CircuitBreakerOptions, EntryOptions, ExecutionOptions, ServerOptions } from "./options.ts";
import type { Platform } from "./platform/platform.ts";
import type { Implementation } from "./protocol/eras.ts";
import type { JsonRpcNotification } from "./protocol/json-rpc.ts";
import { type Registration, registeredEvent, type ServerOrigin } from "./registration.ts";
import { CircuitBreaker, type CircuitBreakerLimits } from "./resilience/circuit-breaker.ts";
import { createTransport, type TransportFactory } from "./transports/index.ts";

export interface FleetOptions {
  /** Servers and groups, by id. */
  readonly servers: Readonly<Record<string, EntryOptions>>;
  /** Path of the file that defines them, for records; absent when a program does. */
  readonly configFile?: string | undefined;
  readonly execution: ExecutionOptions;
  readonly circuitBreaker: CircuitBreakerOptions;
  readonly bus: TelemetryBus;
  readonly platform: Platform;
  /** Name and version that upstream servers see. */
  readonly info: Implementation;
  /** Lines that servers write to their stderr. */
  readonly onServerLog?: ((server: string, line: string) => void) | undefined;
  /** Opens sessions; the transports of this package when absent. */
  readonly transports?: TransportFactory | undefined;
}

/** What an id stands for: a server, or a group of them. */
export type FleetEntry = ManagedServer | ServerGroup;

/** Hears of what servers announce on their own account; what is said in the session of one caller or client has an audience. */
export interface FleetObserver {
  onNotification(server: ManagedServer, notification: JsonRpcNotification, audience?: Audience): void;
  /** A list of a server changed, in the items of these names or URIs as far as known, or a server or group came or went. */
  onListChanged(entry: FleetEntry, list: ListKind, changed?: ReadonlySet<string>): void;
}

/** A server, the monitor over it, and who defined it. */
interface Member {
  readonly server: ManagedServer;
  readonly monitor: HealthMonitor;
  readonly registration: Registration;
}

/** All servers and groups, with the health checks and the idle sweep over them. Servers come and go while calls run. */
export class Fleet {
  readonly groups: Groups;
  #options: FleetOptions;
  readonly #members = new Map<string, Member>();
  /** No longer to be found, but still finishing calls. */
  readonly #retiring = new Map<ManagedServer, Promise<void>>();
  readonly #observers = new Set<FleetObserver>();
  readonly #sweep: IdleSweep;
  #started = false;
  #closed = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.groups = new Groups({
      platform: options.platform,
      bus: options.bus,
      server: (id) => this.get(id),
      onOfferChanged: (group) => this.#announce(group),
    });
    for (const [id, entry] of Object.entries(options.servers)) {
      this.#put(id, entry, { origin: "config", file: options.configFile });
    }
    this.#sweep = new IdleSweep(() => this.all(), options.platform, options.bus);
  }

  get(id: string): ManagedServer | undefined {
    return this.#members.get(id)?.server;
  }

  /** The server or group of that id. */
  entry(id: string): FleetEntry | undefined {
    return this.#members.get(id)?.server ?? this.groups.get(id);
  }

  /** Who defined the server or group; `undefined` when there is none. */
  originOf(id: string): ServerOrigin | undefined {
    return this.#registrationOf(id)?.origin;
  }

  /** All servers, those in groups too. */
  all(): readonly ManagedServer[] {
    return [...this.#members.values()].map(({ server }) => server);
  }

  /** What clients are shown: groups, and the servers that are in none. */
  shown(): readonly FleetEntry[] {
    return [...this.all().filter(({ id }) => this.groups.of(id) === undefined), ...this.groups.all()];
  }

  /** Adds a server or group. Returns false, and changes nothing, when the id is taken. */
  register(id: string, options: EntryOptions, registration: Registration): boolean {
    if (this.#closed || this.originOf(id) !== undefined) return false;
    this.#announce(this.#put(id, options, registration));
    return true;
  }

  /**
   * Puts a server or group with other options in the place of one that is there; calls never find the place empty. Resolves when
   * the old one has finished its calls and is gone, to false when there was none. Who defined it stays unless told.
   */
  async replace(id: string, options: EntryOptions, registration?: Registration): Promise<boolean> {
    const former = this.#registrationOf(id);
    if (former === undefined || this.#closed) return false;
    const old = this.#members.get(id);
    const entry = this.#put(id, options, registration ?? former);
    if (old !== undefined && entry instanceof ManagedServer) entry.catalog.inherit(old.server.catalog);
    this.#announce(entry);
    if (old !== undefined) await this.#retire(old, "reload");
    return true;
  }

  /**
   * Removes a server or group: new calls no longer find it. Resolves when its calls are finished and it is gone, to false when
   * there was none.
   */
  async unregister(id: string, reason: Exclude<StopReason, "crashed" | "idle">): Promise<boolean> {
    const member = this.#members.get(id);
    const entry = this.entry(id);
    if (entry === undefined) return false;
    this.#members.delete(id);
    this.groups.delete(id);
    this.#announce(entry);
    if (member !== undefined) await this.#retire(member, reason);
    // Told last: a call that ends meanwhile must not bring the series of the server back.
    if (this.entry(id) === undefined) {
      knownSecrets.replace(secretsOf(id), []);
      const timeMs = this.#options.platform.clock.wallMs();
      this.#options.bus.emit({ type: "server.unregistered", timeMs, server: entry.id });
    }
    return true;
  }

  /** As {@link unregister}, of a server that nobody announces any more; the next sweep tells that it was collected. */
  expire(id: string): Promise<boolean> {
    this.#sweep.expired++;
    return this.unregister(id, "requested");
  }

  /** Changes the limits of all servers, of those that come later too. Calls that wait or run are not disturbed. */
  configure(limits: Partial<Pick<FleetOptions, "execution" | "circuitBreaker">>): void {
    this.#options = { ...this.#options, ...limits };
    for (const { slots, breaker, options } of this.all()) {
      slots.resize(limitSizes(this.#slotsOf(options), this.#options.execution));
      breaker.configure(this.#breakerLimits());
    }
  }

  /** Hands on what a client says of itself, to the servers that keep a session for it. */
  notify(line: ClientLine, notification: JsonRpcNotification): void {
    for (const { ownSessions } of this.all()) ownSessions?.notify(line, notification);
  }

  /** A client has gone, and what servers keep for it goes as well. */
  left(line: ClientLine): void {
    for (const { ownSessions } of [...this.all(), ...this.#retiring.keys()]) ownSessions?.left(line);
  }

  /** Subscribes to announcements of servers; the returned function unsubscribes. */
  observe(observer: FleetObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  snapshot(): readonly ServerSnapshot[] {
    return [
      ...this.all().map((server) => server.snapshot()),
      ...this.groups.all().map((group) => group.serverSnapshot()),
    ];
  }

  /** Calls that wait or run, at servers that are being removed too. */
  callsInFlight(): number {
    return [...this.all(), ...this.#retiring.keys()].reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    for (const { monitor } of this.#members.values()) monitor.start();
    this.#sweep.start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const members = [...this.#members.values()];
    await Promise.all([
      this.#sweep.close(),
      ...members.map(({ monitor }) => monitor.close()),
      ...[...members.map(({ server }) => server), ...this.#retiring.keys()].map((server) => server.close("shutdown")),
    ]);
    await Promise.all(this.#retiring.values());
  }

  async #retire({ server, monitor }: Member, reason: Exclude<StopReason, "crashed" | "idle">): Promise<void> {
    const gone = (async () => {
      await Promise.all([monitor.close(), server.unused()]);
      await server.close(reason);
    })();
    this.#retiring.set(server, gone);
    await gone;
    this.#retiring.delete(server);
  }

  /** The lists of clients change with what comes or goes. */
  #announce(entry: FleetEntry): void {
    for (const list of LIST_KINDS) for (const observer of this.#observers) observer.onListChanged(entry, list);
  }

  /** The new one is there before a former one of the other kind goes, so that calls always find one. */
  #put(id: string, options: EntryOptions, registration: Registration): FleetEntry {
    if (options.mode === "group") {
      const group = this.groups.put(id, options, registration);
      this.#members.delete(id);
      return group;
    }
    const server = this.#add(id, options, registration);
    this.groups.delete(id);
    return server;
  }

  #add(id: string, options: ServerOptions, registration: Registration): ManagedServer {
    const { platform, bus, execution, info } = this.#options;
    const { clock } = platform;
    // Before anything of the server can be told: whatever it prints or answers, these values are hidden.
    knownSecrets.replace(secretsOf(id), secretsIn(options));
    const server: ManagedServer = new ManagedServer({
      id,
      options,
      platform,
      bus,
      transport: (this.#options.transports ?? createTransport)(id, options, { platform, bus, info }),
      breaker: new CircuitBreaker(this.#breakerLimits(), clock, (from, to) => this.#onBreaker(server, from, to)),
      slots: callLimit(this.#slotsOf(options), execution),
      onNotification: (from, notification, audience) => {
        for (const observer of this.#observers) observer.onNotification(from, notification, audience);
      },
      onListChanged: (from, list, changed) => {
        for (const observer of this.#observers) observer.onListChanged(from, list, changed);
      },
      onLog: (from, line) => this.#options.onServerLog?.(from.id, line),
      membership: this.groups,
    });
    const monitor = new HealthMonitor(server, platform, bus);
    this.#members.set(id, { server, monitor, registration });
    bus.emit(registeredEvent({ server: server.id, mode: options.mode, timeMs: clock.wallMs() }, registration));
    if (this.#started) monitor.start();
    return server;
  }

  #registrationOf(id: string): Registration | undefined {
    return this.#members.get(id)?.registration ?? this.groups.registrationOf(id);
  }

  #slotsOf({ max_concurrency: own }: ServerOptions): number {
    return own ?? this.#options.execution.default_mcp_server_concurrency;
  }

  #breakerLimits(): CircuitBreakerLimits {
    const { failure_threshold: failureThreshold, open_s: openSeconds } = this.#options.circuitBreaker;
    return { failureThreshold, openMs: openSeconds * 1_000 };
  }

  #onBreaker(server: ManagedServer, from: BreakerStateName, to: BreakerStateName): void {
    const { bus, platform } = this.#options;
    bus.emit({ type: "circuit_breaker.state_changed", timeMs: platform.clock.wallMs(), server: server.id, from, to });
  }
}

/** Who knows the secrets of a server, for the register of known secrets. */
function secretsOf(id: string): string {
  return `server ${id}`;
}
