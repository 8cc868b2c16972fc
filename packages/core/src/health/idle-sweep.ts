import type { TelemetryBus } from "@mcp-hangar/telemetry";
import type { ManagedServer } from "../lifecycle/managed-server.ts";
import type { CancelTimer, Platform } from "../platform/platform.ts";

/** Sweeps at most this often, and at least twice within the shortest time to live. */
const MIN_INTERVAL_MS = 250;
const MAX_INTERVAL_MS = 10_000;

/** Stops servers that nobody has used for their `idle_ttl_s`. A server with a call in flight is never idle. */
export class IdleSweep {
  readonly #servers: () => Iterable<ManagedServer>;
  readonly #platform: Platform;
  readonly #bus: TelemetryBus;
  readonly #stopping = new Set<Promise<void>>();
  /** Servers that left since the last sweep because their time to live was over. */
  expired = 0;
  #cancel: CancelTimer | undefined;
  #closed = false;

  constructor(servers: () => Iterable<ManagedServer>, platform: Platform, bus: TelemetryBus) {
    this.#servers = servers;
    this.#platform = platform;
    this.#bus = bus;
  }

  start(): void {
    if (this.#closed) return;
    this.#cancel = this.#platform.clock.schedule(this.#intervalMs(), () => {
      this.sweep();
      this.start();
    });
  }

  /** One cycle. Stops run on their own: a server that stops slowly does not hold up the next cycle. */
  sweep(): void {
    const { clock } = this.#platform;
    const startedMs = clock.nowMs();
    let idle = 0;
    for (const server of this.#servers()) {
      server.ownSessions?.sweep(startedMs);
      if (!server.isIdle(startedMs)) continue;
      idle++;
      const stopping = server.stop("idle").finally(() => this.#stopping.delete(stopping));
      this.#stopping.add(stopping);
    }
    this.#bus.emit({
      type: "idle_sweep.finished",
      timeMs: clock.wallMs(),
      durationSeconds: (clock.nowMs() - startedMs) / 1_000,
      collected: { idle, expired: this.expired },
    });
    this.expired = 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await Promise.all(this.#stopping);
  }

  #intervalMs(): number {
    let shortestMs = MAX_INTERVAL_MS * 2;
    for (const server of this.#servers()) shortestMs = Math.min(shortestMs, server.options.idle_ttl_s * 1_000);
    return Math.min(MAX_INTERVAL_MS, Math.max(MIN_INTERVAL_MS, shortestMs / 2));
  }
}
