import type { TelemetryBus } from "@mcp-hangar/telemetry";
import type { ManagedServer } from "../lifecycle/managed-server.ts";
import type { CancelTimer, Platform } from "../platform/platform.ts";

/** A failing server is checked less and less often, down to this. */
const MAX_INTERVAL_MS = 300_000;
/** Checks of many servers must not fall into step. */
const JITTER = 0.1;

/** Checks one server on its own interval, with backoff while it is degraded or dead. */
export class HealthMonitor {
  readonly #server: ManagedServer;
  readonly #platform: Platform;
  readonly #bus: TelemetryBus;
  #cancel: CancelTimer | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(server: ManagedServer, platform: Platform, bus: TelemetryBus) {
    this.#server = server;
    this.#platform = platform;
    this.#bus = bus;
  }

  start(): void {
    if (this.#closed) return;
    this.#cancel = this.#platform.clock.schedule(this.#delayMs(), () => {
      this.#running = this.#check().finally(() => this.start());
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#running;
  }

  async #check(): Promise<void> {
    const { clock } = this.#platform;
    const startedMs = clock.nowMs();
    // The same patience as for a call: a check that gives up earlier would flap where calls succeed.
    const outcome = await this.#server.check(this.#server.options.call_timeout_s * 1_000);
    this.#bus.emit({
      type: "health_check.finished",
      timeMs: clock.wallMs(),
      server: this.#server.id,
      result: outcome.result,
      durationSeconds: (clock.nowMs() - startedMs) / 1_000,
      consecutiveFailures: this.#server.state.failures,
      message: outcome.message,
    });
  }

  #delayMs(): number {
    const { health_check_interval_s: seconds, max_consecutive_failures: threshold } = this.#server.options;
    const state = this.#server.state;
    const doublings = Math.min(20, Math.max(0, state.failures - threshold));
    const intervalMs = Math.min(seconds * 1_000 * 2 ** doublings, Math.max(seconds * 1_000, MAX_INTERVAL_MS));
    const jittered = intervalMs * (1 + JITTER * (2 * this.#platform.random() - 1));
    const blockedMs = "retryAtMs" in state ? state.retryAtMs - this.#platform.clock.nowMs() : 0;
    return Math.max(jittered, blockedMs);
  }
}
