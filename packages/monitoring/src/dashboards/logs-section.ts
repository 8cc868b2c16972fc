import type { MonitoringOptions } from "../settings/options.ts";
import type { SectionDraft } from "./layout.ts";
import type { DataSourceType } from "./model.ts";
import { lines, stackedChart } from "./panels.ts";
import { whyEmpty } from "./why-empty.ts";

/** Loki, where the options say that the log is there. */
export function logSource({ logs }: MonitoringOptions): readonly DataSourceType[] {
  return logs.loki ? ["loki"] : [];
}

/** What the gateways wrote about everything: what is wrong. Nothing where there is no Loki. */
export function gatewayLogs({ logs }: MonitoringOptions): readonly SectionDraft[] {
  return section(logs, `| ${levelOf(logs)}=~"warning|error|critical"`, {
    title: "Warnings and errors",
    description:
      "What the gateways wrote that is more than information, the newest first. Unfold a line for its fields.",
  });
}

/** What the gateways wrote about the servers that are chosen. */
export function serverLogs({ logs }: MonitoringOptions): readonly SectionDraft[] {
  return section(logs, '| mcp_server=~"$mcp_server"', {
    title: "Lines about these servers",
    description: "What the gateways wrote about the chosen servers, the newest first. Unfold a line for its fields.",
  });
}

type LogSettings = MonitoringOptions["logs"];

function section(
  logs: LogSettings,
  filter: string,
  text: { readonly title: string; readonly description: string },
): readonly SectionDraft[] {
  if (!logs.loki) return [];
  const selected = `${logs.selector}${logs.format === "json" ? " | json" : ""} ${filter}`;
  const level = levelOf(logs);
  return [
    {
      id: 1000,
      title: "Logs",
      folded: true,
      rows: [
        [
          stackedChart({
            key: "log-volume",
            id: 1001,
            title: "Lines by level",
            description:
              "How many lines there were of each level. A band of errors that begins with a mark has its cause there.",
            unit: "short",
            queries: [],
            logQueries: [
              { logql: `sum by (${level}) (count_over_time(${selected} [$__auto]))`, legend: `{{${level}}}` },
            ],
            width: 24,
            height: 6,
            whenEmpty: whyEmpty.lines,
          }),
        ],
        [
          lines({
            ...text,
            key: "log-lines",
            id: 1002,
            unit: "short",
            queries: [],
            logQueries: [{ logql: selected, legend: "" }],
            whenEmpty: whyEmpty.lines,
          }),
        ],
      ],
    },
  ];
}

/** Where the level of a line is: a field of the JSON, or what Loki makes of a record of OTLP. */
function levelOf({ format }: LogSettings): string {
  return format === "json" ? "level" : "severity_text";
}
