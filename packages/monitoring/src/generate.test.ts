import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { load } from "js-yaml";
import { afterAll, describe, expect, test } from "vitest";
import { NEWEST } from "../test/newest.ts";
import { alertLabels } from "./checks/alert-labels.ts";
import { generateMonitoring, RUNBOOK_FOLDER } from "./generate.ts";
import { ALERT_PREFIX } from "./names.ts";
import { type MonitoringOverrides, resolveOptions } from "./settings/options.ts";
import { buildStack } from "./stack.ts";

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** Everything that is generated when nothing is configured. */
const defaults = generateMonitoring();

/** Writes the generated files; what tools say about files elsewhere on the machine must not matter. */
function generated(files: ReadonlyMap<string, string> = defaults): string {
  const folder = mkdtempSync(join(tmpdir(), "monitoring-"));
  folders.push(folder);
  for (const [path, content] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

const stack = buildStack(resolveOptions());

/** What somebody may have who does not have what the product is shown with. */
const STRANGE: readonly (readonly [what: string, overrides: MonitoringOverrides])[] = [
  [
    "two of each watcher",
    { alertmanagers: ["a:9093", "b:9093"], watchers: { prometheus: { targets: ["a:9090", "b:9090"] } } },
  ],
  ["no watcher to be found", { alertmanagers: [], watchers: { prometheus: { targets: [] } } }],
  [
    "watchers that others scrape, as one job",
    {
      watchers: {
        prometheus: { scraped: false, jobName: "monitoring" },
        alertmanager: { scraped: false, jobName: "monitoring" },
      },
    },
  ],
  [
    "addresses of every kind",
    { targets: ["gateway", "[::1]:8000"], watchers: { prometheus: { targets: ["[fe80::1]:9090"] } } },
  ],
  [
    "names with what YAML and PromQL quote",
    { jobName: 'a: "b" #c', watchers: { prometheus: { jobName: "\\d|'e'\n" } } },
  ],
  [
    "every credential",
    {
      scrape: { scheme: "https", authorization: { type: "ApiKey", credentialsFile: "/a" }, tls: { caFile: "/c" } },
    },
  ],
];

function expectAccepted(promtool: string, folder: string): void {
  for (const file of ["alerts", "recording-rules"]) {
    expect(run(promtool, "check", "rules", `${folder}/prometheus/${file}.yaml`)).toContain("SUCCESS");
  }
  expect(run(promtool, "check", "config", "--syntax-only", `${folder}/prometheus/prometheus.yaml`)).toContain(
    "SUCCESS",
  );
}

describe("generated files", () => {
  test("are the same bytes each time", () => {
    expect([...generateMonitoring()]).toEqual([...defaults]);
  });

  test("are committed as they would be generated", () => {
    const root = join(import.meta.dirname, "../../..");
    for (const [path, content] of defaults) {
      const file = join(root, path.startsWith(RUNBOOK_FOLDER) ? "docs" : "monitoring", path);
      expect(readFileSync(file, "utf8") === content, `${path} is stale: run pnpm generate`).toBe(true);
    }
  });

  test("have the public alerts, each under its name", () => {
    const names = new Set<string>(stack.alerts.map(({ name }) => name));
    for (const key of Object.keys(resolveOptions().alerts)) expect(names).toContain(`${ALERT_PREFIX}${key}`);
  });

  test("follow one changed threshold wherever it is said", () => {
    const files = generateMonitoring({ alerts: { HighErrorRate: { share: 0.25, for: "7m" } } });
    const alerts = files.get("prometheus/alerts.yaml") ?? "";
    const [, alert = ""] = /alert: MCPHangarHighErrorRate\n([\s\S]*?)\n {6}- alert:/.exec(alerts) ?? [];
    expect(alert).toMatch(/> 0\.25\n[\s\S]*>= 10\n\s+for: 7m/);
    expect(alert).toContain("the limit is 25 %");
  });

  test("leave out an alert that is not enabled, and nothing else", () => {
    const without = generateMonitoring({ alerts: { McpServerStarted: { enabled: false } } }).get(
      "prometheus/alerts.yaml",
    );
    expect(without).not.toContain("MCPHangarMcpServerStarted");
    expect(without).toContain("MCPHangarHighToolCallVolume");
  });

  test("select only the job that they are generated for", () => {
    const files = generateMonitoring({ jobName: "gateway-eu" });
    const rules = `${files.get("prometheus/alerts.yaml")}${files.get("prometheus/recording-rules.yaml")}`;
    expect(rules).not.toContain('job="mcp-hangar"');
    expect(rules.match(/\{job="gateway-eu"/g)?.length).toBeGreaterThan(100);
  });

  test("say objectives and thresholds of burn rates in decimals without noise", () => {
    const rules = defaults.get("prometheus/alerts.yaml") ?? "";
    const thresholds = [...rules.matchAll(/ratio_rate\w+\{[^}]*\} > (\S+)/g)].map(([, threshold]) => threshold);
    expect([...new Set(thresholds)]).toEqual(
      expect.arrayContaining([
        "0.0144",
        "0.006",
        "0.003",
        "0.001",
        "0.72",
        "0.3",
        "0.15",
        "0.05",
        "0.144",
        "0.06",
        "0.03",
        "0.01",
      ]),
    );
    expect(thresholds.every((threshold) => (threshold?.length ?? 0) < 8)).toBe(true);
  });

  test("contain no secret, only files that hold one", () => {
    const alertmanager = defaults.get("alertmanager/alertmanager.yaml") ?? "";
    expect(alertmanager).toContain("routing_key_file: /etc/alertmanager/secrets/");
    expect(alertmanager).not.toMatch(/(routing_key|service_key|api_url|password|token):/);
  });
});

describe("promtool", { tags: ["promtool"] }, () => {
  test("accepts the rules", () => {
    const folder = generated();
    for (const file of ["alerts", "recording-rules"]) {
      expect(
        run("promtool", "check", "rules", "--lint=all", "--lint-fatal", `${folder}/prometheus/${file}.yaml`),
      ).toContain("SUCCESS");
    }
  });

  test("accepts the scrape configuration", () => {
    const folder = generated();
    expect(run("promtool", "check", "config", "--syntax-only", `${folder}/prometheus/prometheus.yaml`)).toContain(
      "SUCCESS",
    );
  });

  test.each(STRANGE)("accepts all with %s", (_what, overrides) => {
    expectAccepted("promtool", generated(generateMonitoring(overrides)));
  });

  test("accepts the relabelling of the Kubernetes variant", () => {
    const file = join(generated(), "prometheus/prometheus.kubernetes.yaml");
    // Debian builds Prometheus without the discovery of Kubernetes, so only that block is taken out.
    const text = readFileSync(file, "utf8");
    const without = text.replace(/ {4}kubernetes_sd_configs:\n[\s\S]*?(?= {4}relabel_configs:)/, "");
    expect(load(without)).not.toEqual(load(text));
    writeFileSync(file, without);
    expect(run("promtool", "check", "config", "--syntax-only", file)).toContain("SUCCESS");
  });
});

describe("the newest promtool", { tags: ["newest-promtool"] }, () => {
  test.each(STRANGE)("accepts all with %s", (_what, overrides) => {
    expectAccepted(NEWEST, generated(generateMonitoring(overrides)));
  });
});

describe("amtool", { tags: ["amtool"] }, () => {
  test("accepts the configuration", () => {
    expect(run("amtool", "check-config", `${generated()}/alertmanager/alertmanager.yaml`)).toContain("SUCCESS");
  });

  test("routes every alert to the receiver of its severity", () => {
    const config = `${generated()}/alertmanager/alertmanager.yaml`;
    const receivers = { critical: "pagerduty", warning: "slack", info: "info", none: "heartbeat" } as const;
    for (const alert of stack.alerts) {
      const labels = [...alertLabels(alert)].filter((name) => name !== "alertname" && name !== "severity");
      const pairs = [`alertname=${alert.name}`, `severity=${alert.severity}`, ...labels.map((name) => `${name}=x`)];
      const receiver = run("amtool", "config", "routes", "test", `--config.file=${config}`, ...pairs).trim();
      expect(`${alert.id} → ${receiver}`).toBe(`${alert.id} → ${receivers[alert.severity]}`);
    }
    const unknown = run("amtool", "config", "routes", "test", `--config.file=${config}`, "alertname=Other").trim();
    expect(unknown).toBe("default");
  });
});
