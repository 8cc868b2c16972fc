import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { by, max, min, sum } from "../promql/aggregate.ts";
import { histogramQuantile, increase, rate } from "../promql/functions.ts";
import { log, query, shell } from "./look.ts";

/** Sources from which servers are discovered. */
export function discovery({ options, rules }: Context): readonly Runbook[] {
  const setting = options.alerts.DiscoverySourceUnhealthy;
  const perSource = by("source");
  const cycles = sum(rate(rules.buckets(catalog.discoveryCycleDuration), "15m"), by("source", "le"));
  return [
    {
      alert: "MCPHangarDiscoverySourceUnhealthy",
      meaning: `The cycles of the discovery source in the alert have been failing for ${setting.for}.`,
      impact:
        "New servers are not found, and servers that are gone stay registered. Servers that are known keep working.",
      confirm: [
        {
          question: "Which sources fail (0)?",
          look: query(min(rules.series(catalog.discoverySourceHealthy), perSource)),
        },
        {
          question: "How many cycles failed in the last hour?",
          look: query(sum(increase(rules.series(catalog.discoveryErrors), "1h"), perSource)),
        },
        {
          question: "How many servers does each source announce?",
          look: query(max(rules.series(catalog.discoveryServers), perSource)),
        },
      ],
      causes: [
        {
          cause: "What the source asks is away",
          look: log("discovery_cycle_finished", "source", "duration_ms", "error"),
          sign: "`error` says that the connection was refused or timed out.",
          mend: "Docker: is the daemon up and its socket mounted? Kubernetes: is the API server reachable from here?",
        },
        {
          cause: "The gateway may not look",
          look: shell("kubectl auth can-i list pods", "ls -l /var/run/docker.sock"),
          sign: "`error` speaks of permission, of 401 or 403, or of a folder that does not exist or that everybody may write.",
          mend: "Restore the role of the service account, the group of the socket, or the folder and its mode.",
        },
        {
          cause: "The source answers too slowly",
          look: query(histogramQuantile(0.95, cycles)),
          sign: "Cycles last as long as their timeout.",
          mend: "Narrow what is listed (namespace, labels), or relieve the source.",
        },
        {
          cause: "It announces nothing any more",
          look: shell("curl -s http://localhost:8000/api/discovery"),
          sign: "`error` says that it announces nothing after several servers, which are kept.",
          mend: "Is the folder still mounted, are the labels still there? If it is meant, set `discovery.sources.<id>.allow_empty`.",
        },
      ],
      actions: [
        "Hold back deployments of MCP servers until it works: the gateway would not see them.",
        "Check that servers which are needed now are registered: `mcp-hangar status`.",
      ],
      escalate: "Not at night, unless servers are being moved right now.",
      resolves: "With the first cycle that succeeds.",
    },
  ];
}
