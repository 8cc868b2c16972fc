import type { Stack } from "../../stack.ts";

/** Where Grafana finds metrics, alerts and traces, and how it goes from one to the other. */
export function dataSources({ options }: Stack): object {
  return {
    apiVersion: 1,
    datasources: [
      {
        name: "Prometheus",
        uid: "prometheus",
        type: "prometheus",
        access: "proxy",
        url: "http://prometheus:9090",
        isDefault: true,
        editable: false,
        jsonData: {
          httpMethod: "POST",
          prometheusType: "Prometheus",
          // The least step of a query; ranges of rates follow from it.
          timeInterval: options.scrapeInterval,
          manageAlerts: true,
          alertmanagerUid: "alertmanager",
          exemplarTraceIdDestinations: [{ name: "trace_id", datasourceUid: "jaeger" }],
        },
      },
      {
        name: "Alertmanager",
        uid: "alertmanager",
        type: "alertmanager",
        access: "proxy",
        url: "http://alertmanager:9093",
        editable: false,
        jsonData: { implementation: "prometheus", handleGrafanaManagedAlerts: false },
      },
      {
        name: "Jaeger",
        uid: "jaeger",
        type: "jaeger",
        access: "proxy",
        url: "http://jaeger:16686",
        editable: false,
        jsonData: { nodeGraph: { enabled: true } },
      },
    ],
  };
}

/** The folder of the dashboards; they are changed in the definitions, not in Grafana. */
export function dashboardProvider(): object {
  return {
    apiVersion: 1,
    providers: [
      {
        name: "mcp-hangar",
        folder: "MCP Hangar",
        folderUid: "mcp-hangar",
        type: "file",
        disableDeletion: true,
        allowUiUpdates: false,
        updateIntervalSeconds: 30,
        options: { path: "/etc/grafana/dashboards", foldersFromFilesStructure: false },
      },
    ],
  };
}
