import type { BreakerStateName, ServerSnapshot, TelemetryBus } from "@mcp-hangar/telemetry";
import type { ListKind } from "./catalog/lists.ts";
import { HealthMonitor } from "./health/health-monitor.ts";
import { IdleSweep } from "./health/idle-sweep.ts";
import { ManagedServer } from "./lifecycle/managed-server.ts";
import type { CircuitBreakerOptions, ExecutionOptions, ServerOptions } from "./options.ts";
import type { Platform } from "./platform/platform.ts";
import type { Implementation } from "./protocol/eras.ts";
import type { JsonRpcNotification } from "./protocol/json-rpc.ts";
import { CircuitBreaker } from "./resilience/circuit-breaker.ts";
import { ConcurrencyLimit } from "./resilience/concurrency-limit.ts";
import { createTransport, type TransportFactory } from "./transports/index.ts";

export interface FleetOptions {
  readonly servers: Readonly<Record<string, ServerOptions>>;
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

/** Hears of what servers announce on their own account. */
export interface FleetObserver {
  onNotification(server: ManagedServer, notification: JsonRpcNotification): void;
  onListChanged(server: ManagedServer, list: ListKind): void;
}

/** All servers, with the health checks and the idle sweep over them. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #servers = new Map<string, ManagedServer>();
  readonly #monitors = new Map<string, HealthMonitor>();
  readonly #observers = new Set<FleetObserver>();
  readonly #sweep: IdleSweep;
  #started = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    for (const [id, server] of Object.entries(options.servers)) this.#add(id, server);
    this.#sweep = new IdleSweep(() => this.#servers.values(), options.platform, options.bus);
  }

  get(id: string): ManagedServer | undefined {
    return this.#servers.get(id);
  }

  all(): readonly ManagedServer[] {
    return [...this.#servers.values()];
  }

  /** Subscribes to announcements of servers; the returned function unsubscribes. */
  observe(observer: FleetObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  snapshot(): readonly ServerSnapshot[] {
    return this.all().map((server) => server.snapshot());
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    for (const monitor of this.#monitors.values()) monitor.start();
    this.#sweep.start();
  }

  async close(): Promise<void> {
    await Promise.all([
      this.#sweep.close(),
      ...[...this.#monitors.values()].map((monitor) => monitor.close()),
      ...this.all().map((server) => server.close("shutdown")),
    ]);
  }

  #add(id: string, options: ServerOptions): void {
    const { platform, bus, execution, circuitBreaker, info } = this.#options;
    const { clock } = platform;
    const breakerLimits = {
      failureThreshold: circuitBreaker.failure_threshold,
      openMs: circuitBreaker.open_s * 1_000,
    };
    const server: ManagedServer = new ManagedServer({
      id,
      options,
      platform,
      bus,
      transport: (this.#options.transports ?? createTransport)(id, options, { platform, bus, info }),
      breaker: new CircuitBreaker(breakerLimits, clock, (from, to) => this.#onBreaker(server, from, to)),
      slots: new ConcurrencyLimit(
        options.max_concurrency ?? execution.default_mcp_server_concurrency,
        execution.max_waiting,
      ),
      onNotification: (from, notification) => {
        for (const observer of this.#observers) observer.onNotification(from, notification);
      },
      onListChanged: (from, list) => {
        for (const observer of this.#observers) observer.onListChanged(from, list);
      },
      onLog: (from, line) => this.#options.onServerLog?.(from.id, line),
    });
    this.#servers.set(id, server);
    this.#monitors.set(id, new HealthMonitor(server, platform, bus));
    bus.emit({ type: "server.registered", timeMs: clock.wallMs(), server: server.id, mode: options.mode });
  }

  #onBreaker(server: ManagedServer, from: BreakerStateName, to: BreakerStateName): void {
    const { bus, platform } = this.#options;
    bus.emit({ type: "circuit_breaker.state_changed", timeMs: platform.clock.wallMs(), server: server.id, from, to });
  }
}
