import { catalog } from "@mcp-hangar/telemetry";
import { by, max, sum } from "../../promql/aggregate.ts";
import { rate } from "../../promql/functions.ts";
import type { Board } from "../board.ts";
import { onDetails } from "../drill-down.ts";
import type { SectionDraft } from "../layout.ts";
import { quantileOf, query, RATE, reachable, recently, SERVED, shareOf } from "../measures.ts";
import { stat } from "../panels.ts";
import { breakerStates, flag, serverStates } from "../tones.ts";
import { whyEmpty } from "../why-empty.ts";
import { ofServer, ofTool } from "./choice.ts";

const perServer = by("mcp_server");
const LEGEND = "{{mcp_server}}";

/** Whether this server serves. */
export function now({ chosen, draw }: Board): SectionDraft {
  const served = sum(rate(chosen.series(catalog.toolCalls, { ...ofTool, status: SERVED }), RATE));
  const failed = sum(rate(chosen.series(catalog.toolCallErrors, ofTool), RATE));
  const durations = sum(recently(chosen.buckets(catalog.toolCallDuration, ofTool)), by("le"));
  const failures = max(chosen.series(catalog.healthCheckConsecutiveFailures, ofServer), perServer);
  return {
    id: 100,
    title: "Now",
    rows: [
      [
        stat({
          key: "state",
          id: 101,
          title: "State",
          description:
            "Ready serves, cold starts when it is called. Degraded and dead fail their health checks or starts.",
          unit: "none",
          queries: [query(max(chosen.series(catalog.serverState, ofServer), perServer), LEGEND)],
          drawn: draw("none", "McpServerDead", "McpServerDegraded"),
          meanings: serverStates,
          width: 4,
          leadsToHistory: true,
          whenEmpty: whyEmpty.chosenServer,
          leadsTo: onDetails("Failures in a row", "consecutive-failures"),
        }),
        stat({
          key: "reachable",
          id: 102,
          title: "Reachable",
          description: "Ready, or cold and able to start, on every gateway. If not, calls fail.",
          unit: "bool_yes_no",
          queries: [query(reachable(chosen.series(catalog.serverUp, ofServer)), LEGEND)],
          drawn: draw("bool", "RemoteServerUnreachable"),
          meanings: flag("yes", "no"),
          whenEmpty: whyEmpty.chosenServer,
          leadsTo: onDetails("Why calls fail", "errors-by-type"),
        }),
        stat({
          key: "breaker",
          id: 103,
          title: "Circuit breaker",
          description: "Open refuses every call at once; half-open lets one through to see whether the server is back.",
          unit: "none",
          queries: [query(max(chosen.series(catalog.circuitBreakerState, ofServer), perServer), LEGEND)],
          meanings: breakerStates,
          whenEmpty: whyEmpty.chosenServer,
          leadsTo: onDetails("What the breaker refuses", "breaker-refusals"),
        }),
        stat({
          key: "consecutive-failures-now",
          id: 104,
          title: "Failures in a row",
          description: "Health checks and starts that failed since the last success. Coloured from where alerts fire.",
          unit: "short",
          queries: [query(failures, LEGEND)],
          drawn: draw("short", "HighConsecutiveFailures", "ProviderUnhealthy"),
          whenEmpty: whyEmpty.chosenServer,
          leadsTo: onDetails("Its health checks", "health-checks"),
        }),
        stat({
          key: "call-rate",
          id: 105,
          title: "Tool calls",
          description: "Calls of the chosen servers and tools that finish a second, whatever their outcome.",
          unit: "reqps",
          queries: [query(sum(rate(chosen.series(catalog.toolCalls, ofTool), RATE)), "Calls")],
          whenEmpty: whyEmpty.gateways,
          leadsTo: onDetails("Which tools are called", "calls-by-tool"),
        }),
        stat({
          key: "failing-now",
          id: 106,
          title: "Failing calls",
          description:
            "The share of the calls that fail. The limit is that of HighErrorRate, which looks at all servers together.",
          unit: "percentunit",
          queries: [query(shareOf(failed, served), "Failing")],
          drawn: draw("percentunit", "HighErrorRate"),
          width: 4,
          whenEmpty: whyEmpty.calls,
          leadsTo: onDetails("Which tools fail", "failing-by-tool"),
        }),
        stat({
          key: "p95-now",
          id: 107,
          title: "P95 latency",
          description: "95 of 100 calls are faster than this. The limit is that of HighLatencyByTool.",
          unit: "s",
          queries: [query(quantileOf(0.95, durations), "P95")],
          drawn: draw("s", "HighLatencyByTool"),
          width: 4,
          whenEmpty: whyEmpty.calls,
          leadsTo: onDetails("Which tools are slow", "latency-by-tool"),
        }),
      ],
    ],
  };
}
