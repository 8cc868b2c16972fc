import type { Stack } from "../../stack.ts";
import { alertGroups, recordingGroups } from "../rules.ts";
import { TARGET_LABELS } from "../scrape.ts";

/** The rules for the Prometheus operator. */
export function prometheusRule(stack: Stack): object {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: metadata(nameOf(stack), stack),
    spec: { groups: [...recordingGroups(stack), ...alertGroups(stack)] },
  };
}

/** Lets the Prometheus operator scrape one port of the gateway's service, with the labels that rules rely on. */
export function serviceMonitor(stack: Stack): object {
  const { options } = stack;
  const { namespace, app, port } = options.kubernetes;
  const labels = Object.entries({ job: options.jobName, ...TARGET_LABELS });
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "ServiceMonitor",
    metadata: metadata(nameOf(stack), stack),
    spec: {
      namespaceSelector: { matchNames: [namespace] },
      selector: { matchLabels: { app } },
      endpoints: [
        {
          port,
          path: "/metrics",
          interval: options.scrapeInterval,
          scrapeTimeout: options.scrapeTimeout,
          ...wayIn(stack),
          relabelings: [
            { sourceLabels: ["__meta_kubernetes_pod_name"], targetLabel: "instance", action: "replace" },
            ...labels.map(([targetLabel, replacement]) => ({ targetLabel, replacement, action: "replace" })),
          ],
        },
      ],
    },
  };
}

/** As in the scrape configuration, but files are entries of a Secret, which the operator mounts. */
function wayIn({ options: { scrape, kubernetes } }: Stack): object {
  const { scheme, authorization, basicAuth, tls } = scrape;
  const entry = (file: string) => ({ name: kubernetes.scrapeSecret, key: file.slice(file.lastIndexOf("/") + 1) });
  const trust = {
    ...(tls.caFile === "" ? {} : { ca: { secret: entry(tls.caFile) } }),
    ...(tls.certFile === "" ? {} : { cert: { secret: entry(tls.certFile) } }),
    ...(tls.keyFile === "" ? {} : { keySecret: entry(tls.keyFile) }),
    ...(tls.serverName === "" ? {} : { serverName: tls.serverName }),
  };
  return {
    ...(scheme === "http" ? {} : { scheme }),
    ...(authorization.credentialsFile === ""
      ? {}
      : { authorization: { type: authorization.type, credentials: entry(authorization.credentialsFile) } }),
    // The operator takes the name from the Secret as well, under the key `username`.
    ...(basicAuth.username === ""
      ? {}
      : { basicAuth: { username: entry("username"), password: entry(basicAuth.passwordFile) } }),
    ...(Object.keys(trust).length === 0 ? {} : { tlsConfig: trust }),
  };
}

/** A dashboard for the sidecar of Grafana's chart, which looks for the label `grafana_dashboard`. */
export function dashboardConfigMap(stack: Stack, file: string, content: string): object {
  const name = `mcp-hangar-dashboard-${file.replace(/\.json$/, "")}`;
  const { labels, ...rest } = metadata(name, stack);
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      ...rest,
      labels: { ...labels, grafana_dashboard: "1" },
      annotations: { grafana_folder: "MCP Hangar" },
    },
    data: { [file]: content },
  };
}

/** Objects of two jobs in one namespace must not overwrite each other. Names are lower-case letters, digits and hyphens. */
function nameOf({ options }: Stack): string {
  const name = options.jobName
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  return name.startsWith("mcp-hangar") ? name : `mcp-hangar-${name}`;
}

function metadata(
  name: string,
  { options }: Stack,
): { name: string; namespace: string; labels: Record<string, string> } {
  const { namespace, app, labels } = options.kubernetes;
  return { name, namespace, labels: { app, "app.kubernetes.io/part-of": "mcp-hangar", ...labels } };
}
