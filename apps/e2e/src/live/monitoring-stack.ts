import type { MonitoringOverrides } from "@mcp-hangar/monitoring";
import { POLL_DEADLINE_MS, poll } from "@mcp-hangar/testing";
import { startAlerting } from "./alerting.ts";
import { type AlertmanagerProcess, freeAddress } from "./alertmanager-process.ts";
import { type LiveEndpoints, quickOptions } from "./live-options.ts";
import type { NotificationSink } from "./notification-sink.ts";
import { type PrometheusProcess, startPrometheus } from "./prometheus-process.ts";
import type { Release } from "./releases.ts";

/** Prometheus and Alertmanager as processes that run the generated files, and what receives their notifications. */
export interface MonitoringStack extends AsyncDisposable {
  readonly prometheus: PrometheusProcess;
  readonly alertmanager: AlertmanagerProcess;
  readonly sink: NotificationSink;
  /** The generated files by path. */
  readonly files: ReadonlyMap<string, string>;
  /** Absolute path of the folder where they are. */
  readonly folder: string;
  /** Makes service discovery know these gateways and no others, and waits until it does. */
  scrapeOnly(targets: readonly string[]): Promise<void>;
}

/** How a stack differs from the quick one for tests. */
export interface MonitoringStackSettings {
  readonly targets: readonly string[];
  readonly options?: (endpoints: LiveEndpoints) => MonitoringOverrides;
  /** The port of Prometheus; any free one by default. */
  readonly prometheusPort?: number | undefined;
  /** The programs that run; by default those that the machine has. */
  readonly release?: Release | undefined;
}

/** Generates the files, starts what runs them and waits until both are ready. */
export async function startMonitoring(settings: MonitoringStackSettings): Promise<MonitoringStack> {
  const { targets, options = quickOptions, prometheusPort, release } = settings;
  await using cleanup = new AsyncDisposableStack();
  const address = prometheusPort === undefined ? await freeAddress() : `127.0.0.1:${prometheusPort}`;
  const alerting = cleanup.use(await startAlerting({ targets, options, release, prometheus: address }));
  const { folder, files, sink, alertmanager, write } = alerting;
  const prometheus = cleanup.use(await startPrometheus(folder, address, release?.prometheus));
  const owned = cleanup.move();
  return {
    prometheus,
    alertmanager,
    sink,
    files,
    folder,
    async scrapeOnly(scraped) {
      await write(scraped);
      await prometheus.reload();
      // It looks for new targets every five seconds.
      const known = async (): Promise<boolean> =>
        sameMembers(
          scraped,
          (await prometheus.query(GATEWAYS)).map(({ metric }) => metric.instance ?? ""),
        );
      await poll(`${scraped.length} targets`, known, POLL_DEADLINE_MS, 300);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Of the targets those that are gateways. */
export const GATEWAYS = 'up{job="mcp-hangar"}';

function sameMembers(some: readonly string[], others: readonly string[]): boolean {
  return some.toSorted().join() === others.toSorted().join();
}
