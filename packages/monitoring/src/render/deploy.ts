import type { Stack } from "../stack.ts";
import { collectorConfig } from "./deploy/collector.ts";
import { composeFile } from "./deploy/compose.ts";
import { dashboardConfigMap, prometheusRule, serviceMonitor } from "./deploy/kubernetes.ts";
import { dashboardProvider, dataSources } from "./deploy/provisioning.ts";
import { dashboardFiles } from "./grafana.ts";
import { yamlFile } from "./yaml.ts";

/** Everything around the rules: dashboards, the containers that show them, and the same for Kubernetes. */
export function deploymentFiles(stack: Stack): Readonly<Record<string, string>> {
  const dashboards = [...dashboardFiles(stack)];
  return {
    "docker-compose.yaml": yamlFile(composeFile(stack)),
    "otel-collector/config.yaml": yamlFile(collectorConfig()),
    // The folder must exist to be mounted, and what is put there must not be committed.
    "alertmanager/secrets/.gitignore": "*\n!.gitignore\n",
    "prometheus/secrets/.gitignore": "*\n!.gitignore\n",
    "grafana/provisioning/datasources/datasources.yaml": yamlFile(dataSources(stack)),
    "grafana/provisioning/dashboards/dashboards.yaml": yamlFile(dashboardProvider()),
    ...Object.fromEntries(dashboards.map(([file, content]) => [`grafana/dashboards/${file}`, content])),
    "kubernetes/prometheus-rule.yaml": yamlFile(prometheusRule(stack)),
    "kubernetes/service-monitor.yaml": yamlFile(serviceMonitor(stack)),
    ...Object.fromEntries(
      dashboards.map(([file, content]) => [
        `kubernetes/dashboard-${file.replace(/\.json$/, "")}.yaml`,
        yamlFile(dashboardConfigMap(stack, file, content)),
      ]),
    ),
  };
}
