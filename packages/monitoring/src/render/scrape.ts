import type { MonitoringOptions } from "../settings/options.ts";
import type { ScrapeSettings } from "../settings/scrape.ts";
import type { Stack } from "../stack.ts";

/** Prometheus looks for them beside its configuration, wherever that is. */
const RULE_FILES = ["alerts.yaml", "recording-rules.yaml"];

/** Labels that every target gets; rules and routes may rely on them. */
export const TARGET_LABELS = { service: "mcp-hangar", tier: "application" };

/** `prometheus.yaml` for targets that are listed in it. */
export function staticScrapeConfig(stack: Stack): object {
  return configWith(stack, {
    static_configs: [{ targets: stack.options.targets, labels: TARGET_LABELS }],
  });
}

/** `prometheus.yaml` for the pods of a Kubernetes cluster. */
export function kubernetesScrapeConfig(stack: Stack): object {
  const { namespace, app, port } = stack.options.kubernetes;
  return configWith(stack, {
    kubernetes_sd_configs: [{ role: "pod", namespaces: { names: [namespace] } }],
    relabel_configs: [
      { source_labels: ["__meta_kubernetes_pod_label_app"], regex: app, action: "keep" },
      { source_labels: ["__meta_kubernetes_pod_phase"], regex: "Running", action: "keep" },
      // A pod has a target for each of its ports, all of one instance; only one of them serves metrics.
      { source_labels: ["__meta_kubernetes_pod_container_port_name"], regex: port, action: "keep" },
      { source_labels: ["__meta_kubernetes_pod_name"], target_label: "instance" },
      ...Object.entries(TARGET_LABELS).map(([target_label, replacement]) => ({ target_label, replacement })),
    ],
  });
}

/** How Prometheus shows who it is, and whom it trusts. */
function wayIn({ scheme, authorization, basicAuth, tls }: ScrapeSettings): object {
  const { type, credentialsFile } = authorization;
  const { username, passwordFile } = basicAuth;
  const given = {
    ca_file: tls.caFile,
    cert_file: tls.certFile,
    key_file: tls.keyFile,
    server_name: tls.serverName,
  };
  const used = Object.entries(given).filter(([, value]) => value !== "");
  return {
    ...(scheme === "http" ? {} : { scheme }),
    ...(credentialsFile === "" ? {} : { authorization: { type, credentials_file: credentialsFile } }),
    ...(username === "" ? {} : { basic_auth: { username, password_file: passwordFile } }),
    ...(used.length === 0 ? {} : { tls_config: Object.fromEntries(used) }),
  };
}

/** Prometheus itself and the Alertmanagers that it tells. They are no gateways, so that they get no labels of such. */
function watchers({ watchers: { prometheus, alertmanager }, alertmanagers }: MonitoringOptions): readonly object[] {
  const all = [prometheus, { ...alertmanager, targets: alertmanagers }];
  return all
    .filter(({ scraped, targets }) => scraped && targets.length > 0)
    .map(({ jobName, targets }) => ({ job_name: jobName, static_configs: [{ targets }] }));
}

function configWith({ options }: Stack, discovery: object): object {
  return {
    global: { scrape_interval: options.scrapeInterval, evaluation_interval: options.evaluationInterval },
    rule_files: RULE_FILES,
    alerting: { alertmanagers: [{ static_configs: [{ targets: options.alertmanagers }] }] },
    scrape_configs: [
      {
        job_name: options.jobName,
        metrics_path: "/metrics",
        scrape_interval: options.scrapeInterval,
        scrape_timeout: options.scrapeTimeout,
        ...wayIn(options.scrape),
        ...discovery,
      },
      ...watchers(options),
    ],
  };
}
