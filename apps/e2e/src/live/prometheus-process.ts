import { join } from "node:path";
import { freePort, POLL_DEADLINE_MS, poll, type RunningProcess, startProcess } from "@mcp-hangar/testing";

/** Labels of a series. */
export type Labels = Readonly<Record<string, string>>;

/** One series of an answer. */
export interface Sample {
  readonly metric: Labels;
  /** As Prometheus spells it: `NaN` and `+Inf` are possible. */
  readonly value: number;
}

/** A rule as Prometheus has loaded it. */
export interface LoadedRule {
  readonly name: string;
  readonly type: "alerting" | "recording";
  readonly query: string;
  readonly health: "ok" | "err" | "unknown";
  readonly lastError?: string;
  readonly labels?: Labels;
  readonly state?: "inactive" | "pending" | "firing";
}

/** A Prometheus of its own. Disposing kills it. */
export interface PrometheusProcess extends AsyncDisposable {
  readonly url: string;
  /** An instant query. Throws with what Prometheus says when it refuses the expression. */
  query(expr: string): Promise<readonly Sample[]>;
  rules(): Promise<readonly LoadedRule[]>;
  /** Labels of the alerts that fire now. */
  firing(): Promise<readonly Labels[]>;
  reload(): Promise<void>;
  /** Lines of its log at the levels warn and error. */
  complaints(): readonly string[];
}

/**
 * Starts Prometheus with `<folder>/prometheus/prometheus.yaml`; its data go below the folder too. It listens on `listen`, `host:port`, and on
 * any free port without one; `command` is the one to run.
 */
export async function startPrometheus(
  folder: string,
  listen?: string,
  command = "prometheus",
): Promise<PrometheusProcess> {
  const address = listen ?? `127.0.0.1:${await freePort()}`;
  const prometheus = await startProcess({
    command,
    args: [
      `--config.file=${join(folder, "prometheus/prometheus.yaml")}`,
      `--storage.tsdb.path=${join(folder, "prometheus-data")}`,
      `--web.listen-address=${address}`,
      "--web.enable-lifecycle",
      // What is sent while a reload looks for Alertmanagers anew is lost, and would be sent again after a minute.
      "--rules.alert.resend-delay=2s",
    ],
    cwd: folder,
  });
  const url = `http://${address}`;
  await ready(prometheus, url);
  return {
    url,
    query: (expr) => query(url, expr),
    rules: async () => {
      const { groups } = await ask<{ groups: { rules: LoadedRule[] }[] }>(`${url}/api/v1/rules`);
      return groups.flatMap(({ rules }) => rules);
    },
    firing: async () => {
      const { alerts } = await ask<{ alerts: { labels: Labels; state: string }[] }>(`${url}/api/v1/alerts`);
      return alerts.filter(({ state }) => state === "firing").map(({ labels }) => labels);
    },
    async reload() {
      const response = await fetch(`${url}/-/reload`, {
        method: "POST",
        signal: AbortSignal.timeout(POLL_DEADLINE_MS),
      });
      if (!response.ok) throw new Error(`Prometheus does not reload: ${await response.text()}`);
    },
    complaints: () =>
      prometheus
        .stderr()
        .split("\n")
        .filter((line) => /\blevel=(warn|error)\b/i.test(line)),
    [Symbol.asyncDispose]: () => prometheus[Symbol.asyncDispose](),
  };
}

/** Waits until a process of the Prometheus family says that it is ready; throws with its log when it does not. */
export async function ready(child: RunningProcess, url: string): Promise<void> {
  const look = async (): Promise<boolean> => (await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(2_000) })).ok;
  await poll(`${url} to be ready`, look).catch((cause: unknown) => {
    throw new Error(`not ready: ${child.stderr().slice(-2_000)}`, { cause });
  });
}

async function query(url: string, expr: string): Promise<readonly Sample[]> {
  type Answer = { resultType: string; result: { metric: Labels; value: [number, string] }[] };
  const body = new URLSearchParams({ query: expr });
  const { resultType, result } = await ask<Answer>(`${url}/api/v1/query`, { method: "POST", body });
  if (resultType === "vector") return result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
  if (resultType === "scalar") return [{ metric: {}, value: Number(result[1]) }];
  throw new Error(`a ${resultType} is no answer to an instant query: ${expr}`);
}

/** The answer's type is the API's of this endpoint; Prometheus keeps it stable through its major version. */
async function ask<Data>(url: string, init: RequestInit = {}): Promise<Data> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(POLL_DEADLINE_MS) });
  const answer = (await response.json()) as { status: string; error?: string; warnings?: string[]; data: Data };
  if (answer.status !== "success") throw new Error(`Prometheus: ${answer.error ?? response.status}`);
  if (answer.warnings !== undefined) throw new Error(`Prometheus warns: ${answer.warnings.join("; ")}`);
  return answer.data;
}
