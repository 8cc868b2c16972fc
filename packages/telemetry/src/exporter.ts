import type { EventListener } from "./bus.ts";
import type { ExporterSnapshot } from "./snapshot.ts";
import type { ExportSignal } from "./vocabulary.ts";

/** Whether an exporter can do its work; the message says what is wrong, with the value, and what to do. */
export type ExporterHealth =
  | { readonly status: "healthy" }
  /** It works, but loses records or may soon. */
  | { readonly status: "degraded"; readonly message: string }
  /** It cannot run as it was configured, so the gateway is not ready. */
  | { readonly status: "unhealthy"; readonly message: string };

/**
 * One way out of the gateway for telemetry. The application keeps all of its exporters in one list: subscriptions, snapshots, readiness
 * and the order of the shutdown follow from it. Optional members are absent where they would be empty, so that no exporter pretends.
 */
export interface Exporter {
  /** Label `exporter` of its metrics, `listener` of its exceptions and name of its readiness check: unique in a gateway. */
  readonly name: string;
  readonly signal: ExportSignal;
  /** Subscribed to the bus; absent when records come by another way, such as the tracer port, the journal or a scrape. */
  readonly listener?: EventListener;
  /** Resolves when it can take records. Rejects with what is wrong and what to do; the gateway does not start then. */
  open?(): Promise<void>;
  /** Its accounts at this moment; absent when nothing waits in it and so nothing can be lost, as with metrics that are scraped. */
  snapshot?(): ExporterSnapshot;
  /** Called for every probe, so it must be quick; absent when it cannot keep the gateway from being ready. */
  health?(): ExporterHealth;
  /**
   * Takes no more records, delivers what waits and frees what it holds. Resolves within about `deadlineMs` milliseconds whatever the
   * destination does; what was not delivered by then counts as dropped, for the reason `shutdown`.
   */
  close(deadlineMs: number): Promise<void>;
}
