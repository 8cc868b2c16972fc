import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { generateMonitoring, type MonitoringOverrides } from "@mcp-hangar/monitoring";
import { temporaryFolder } from "../harness/temporary-folder.ts";
import { type AlertmanagerProcess, freeAddress, startAlertmanager } from "./alertmanager-process.ts";
import type { LiveEndpoints } from "./live-options.ts";
import { type NotificationSink, startNotificationSink } from "./notification-sink.ts";
import type { Release } from "./releases.ts";

/** Alertmanager as a process that runs the generated files, and what receives its notifications. */
export interface Alerting extends AsyncDisposable {
  readonly alertmanager: AlertmanagerProcess;
  readonly sink: NotificationSink;
  /** The generated files by path. */
  readonly files: ReadonlyMap<string, string>;
  /** Absolute path of the folder where they are. */
  readonly folder: string;
  /** Writes the files anew, for other targets. */
  readonly write: (targets: readonly string[]) => Promise<void>;
}

/** Generates the files, starts Alertmanager and waits until it is ready. */
export async function startAlerting(settings: {
  readonly targets: readonly string[];
  readonly options: (endpoints: LiveEndpoints) => MonitoringOverrides;
  /** `host:port` of a Prometheus that is to run these files; by default none does. */
  readonly prometheus?: string;
  readonly release?: Release | undefined;
}): Promise<Alerting> {
  await using cleanup = new AsyncDisposableStack();
  const { path: folder } = cleanup.use(await temporaryFolder());
  const sink = cleanup.use(await startNotificationSink());
  const address = await freeAddress();
  const { prometheus = NO_PROMETHEUS } = settings;
  const filesFor = (targets: readonly string[]): ReadonlyMap<string, string> =>
    generateMonitoring(
      settings.options({
        targets,
        prometheus,
        alertmanager: address,
        sink: sink.url,
        secrets: join(folder, "secrets"),
      }),
    );
  const files = filesFor(settings.targets);
  await writeFiles(folder, files);
  await writeFiles(folder, secretsFor(sink.url));
  const alertmanager = cleanup.use(await startAlertmanager(folder, address, settings.release?.alertmanager));
  const owned = cleanup.move();
  return {
    alertmanager,
    sink,
    files,
    folder,
    write: (targets) => writeFiles(folder, filesFor(targets)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Nobody listens there. */
const NO_PROMETHEUS = "127.0.0.1:1";

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
