import { SEVERITIES } from "../names.ts";
import type { Stack } from "../stack.ts";
import { fenced, markdownTable } from "./markdown.ts";

const MEANINGS = {
  critical: "Critical: wakes somebody",
  warning: "Warning: looked at in working hours",
  info: "Info: for the record",
  none: "The heartbeat",
} as const;

/** The list of all pages, and what they have in common. */
export function runbookIndex({ alerts, runbooks, options }: Stack, header: string): string {
  const lists = SEVERITIES.flatMap((severity) => {
    const own = runbooks.filter(({ alert }) => mostSevere(alert) === severity);
    if (own.length === 0) return [];
    const rows = own.map(({ alert, meaning }) => [`[${alert}](${alert}.md)`, meaning]);
    return [`## ${MEANINGS[severity]}`, markdownTable(["Alert", "Meaning"], rows)];
  });
  return `${["# Runbooks", header, INTRODUCTION(options.jobName), ...lists].join("\n\n")}\n`;

  function mostSevere(name: string) {
    return SEVERITIES.find((severity) => alerts.some((alert) => alert.name === name && alert.severity === severity));
  }
}

const INTRODUCTION = (job: string): string =>
  [
    "One page an alert, for the person it wakes. Thresholds, expressions and queries on the pages are those of the rules.",
    [
      `- **Queries** go into Prometheus or Grafana's Explore as they are. They look at the job \`${job}\`; find the server, tool or`,
      "  exporter that the alert names in the answer.",
      "- **Commands** run on the gateway's host, or in its container. `mcp-hangar` asks the gateway at `http://127.0.0.1:8000`; for",
      "  another address add `--url http://HOST:PORT`. Words in CAPITALS are yours to replace: SERVER and TOOL are in the alert, or",
      "  in `mcp-hangar status` and the answer of `/api/mcp_servers/SERVER`. A tool that changes something is no good probe.",
      "- **`gateway.log`** holds the JSON lines of the gateway's stderr, or is the file of `logging.file`. Get it first:",
    ].join("\n"),
    fenced(
      "sh",
      [
        "journalctl -u mcp-hangar -o cat --since -2h > gateway.log     # systemd",
        "docker logs --since 2h mcp-hangar 2> gateway.log              # Docker, Podman",
        "kubectl logs deployment/mcp-hangar --since=2h > gateway.log   # Kubernetes",
      ].join("\n"),
    ),
    [
      "- **A server is restarted** by ending its process (`kill PID`): the gateway sees it and starts it for the next call,",
      "  after repeated failures up to a minute later. A change of `config.yaml` needs a restart of the gateway; on SIGTERM it",
      "  finishes the calls in flight first.",
    ].join("\n"),
  ].join("\n\n");
