import { join } from "node:path";
import { freePort, POLL_DEADLINE_MS, startProcess } from "@mcp-hangar/testing";
import { type Labels, ready } from "./prometheus-process.ts";

/** Debian's name for it. */
const ALERTMANAGER = "prometheus-alertmanager";

/** An alert as Alertmanager knows it. */
export interface KnownAlert {
  readonly labels: Labels;
  readonly receivers: readonly { readonly name: string }[];
  readonly status: { readonly state: string; readonly inhibitedBy: readonly string[] };
}

/** An alert as Prometheus tells of it. It is over as soon as `endsAt` has passed. */
export interface PostedAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly endsAt?: string;
}

/** An Alertmanager of its own. Disposing kills it. */
export interface AlertmanagerProcess extends AsyncDisposable {
  /** `host:port`. */
  readonly address: string;
  alerts(): Promise<readonly KnownAlert[]>;
  /** Tells it of alerts, as Prometheus does. Throws when it refuses them. */
  post(alerts: readonly PostedAlert[]): Promise<void>;
  /** Lines of its log at the levels warn and error. */
  complaints(): readonly string[];
}

/** Starts Alertmanager with `<folder>/alertmanager/alertmanager.yaml`, alone: no cluster. */
export async function startAlertmanager(
  folder: string,
  address: string,
  command = ALERTMANAGER,
): Promise<AlertmanagerProcess> {
  const alertmanager = await startProcess({
    command,
    args: [
      `--config.file=${join(folder, "alertmanager/alertmanager.yaml")}`,
      `--storage.path=${join(folder, "alertmanager-data")}`,
      `--web.listen-address=${address}`,
      "--cluster.listen-address=",
    ],
    cwd: folder,
  });
  await ready(alertmanager, `http://${address}`);
  return {
    address,
    async alerts() {
      const response = await fetch(`http://${address}/api/v2/alerts`, {
        signal: AbortSignal.timeout(POLL_DEADLINE_MS),
      });
      return (await response.json()) as readonly KnownAlert[];
    },
    async post(alerts) {
      const response = await fetch(`http://${address}/api/v2/alerts`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(alerts),
        signal: AbortSignal.timeout(POLL_DEADLINE_MS),
      });
      if (!response.ok) throw new Error(`Alertmanager refuses alerts: ${await response.text()}`);
    },
    complaints: () =>
      alertmanager
        .stderr()
        .split("\n")
        .filter((line) => /\blevel=(warn|error)\b/i.test(line)),
    [Symbol.asyncDispose]: () => alertmanager[Symbol.asyncDispose](),
  };
}

/** An address for an Alertmanager that is named in a configuration before it runs. */
export async function freeAddress(): Promise<string> {
  return `127.0.0.1:${await freePort()}`;
}
