import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { generateMonitoring, type MonitoringOverrides } from "@mcp-hangar/monitoring";
import { poll } from "../harness/poll.ts";
import { temporaryFolder } from "../harness/temporary-folder.ts";
import { type AlertmanagerProcess, freeAddress, startAlertmanager } from "./alertmanager-process.ts";
import { type LiveEndpoints, quickOptions } from "./live-options.ts";
import { type NotificationSink, startNotificationSink } from "./notification-sink.ts";
import { type PrometheusProcess, startPrometheus } from "./prometheus-process.ts";

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
}

/** Generates the files, starts what runs them and waits until both are ready. */
export async function startMonitoring(settings: MonitoringStackSettings): Promise<MonitoringStack> {
  const { targets, options = quickOptions, prometheusPort } = settings;
  await using cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await temporaryFolder());
  const sink = cleanup.use(await startNotificationSink());
  const address = await freeAddress();
  const filesFor = (scraped: readonly string[]): ReadonlyMap<string, string> =>
    generateMonitoring(
      options({ targets: scraped, alertmanager: address, sink: sink.url, secrets: join(folder.path, "secrets") }),
    );
  const files = filesFor(targets);
  await writeFiles(folder.path, files);
  await writeFiles(folder.path, secretsFor(sink.url));
  const alertmanager = cleanup.use(await startAlertmanager(folder.path, address));
  const prometheus = cleanup.use(await startPrometheus(folder.path, prometheusPort));
  const owned = cleanup.move();
  return {
    prometheus,
    alertmanager,
    sink,
    files,
    folder: folder.path,
    async scrapeOnly(scraped) {
      await writeFiles(folder.path, filesFor(scraped));
      await prometheus.reload();
      // It looks for new targets every five seconds.
      const known = async (): Promise<boolean> =>
        sameMembers(
          scraped,
          (await prometheus.query("up")).map(({ metric }) => metric.instance ?? ""),
        );
      await poll(`${scraped.length} targets`, known, 30_000, 300);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function sameMembers(some: readonly string[], others: readonly string[]): boolean {
  return some.toSorted().join() === others.toSorted().join();
}

/** For Slack the secret is the address itself. */
function secretsFor(sink: string): ReadonlyMap<string, string> {
  return new Map([
    ["secrets/pagerduty-routing-key", "0123456789abcdef0123456789abcdef"],
    ["secrets/slack-api-url", `${sink}/slack`],
  ]);
}

async function writeFiles(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, content] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}
