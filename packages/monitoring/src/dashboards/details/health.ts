import { catalog } from "@mcp-hangar/telemetry";
import { by, max, sum } from "../../promql/aggregate.ts";
import { increase, rate } from "../../promql/functions.ts";
import type { Board } from "../board.ts";
import type { SectionDraft } from "../layout.ts";
import { quantileOf, query, RATE, recently } from "../measures.ts";
import { chart, stackedChart, timeline } from "../panels.ts";
import { breakerStates, serverStates } from "../tones.ts";
import { whyEmpty } from "../why-empty.ts";
import { ofServer } from "./choice.ts";

const perServer = by("mcp_server");
const LEGEND = "{{mcp_server}}";

/** How the server has been. */
export function states({ chosen, draw }: Board): SectionDraft {
  return {
    id: 310,
    title: "State",
    rows: [
      [
        timeline({
          key: "states",
          id: 301,
          title: "State",
          description: "The state of the server over time. Cold in between is normal.",
          unit: "none",
          queries: [query(max(chosen.series(catalog.serverState, ofServer), perServer), LEGEND)],
          drawn: draw("none", "McpServerDead", "McpServerDegraded"),
          meanings: serverStates,
          height: 6,
          whenEmpty: whyEmpty.chosenServer,
        }),
        timeline({
          key: "breaker-states",
          id: 302,
          title: "Circuit breaker",
          description: "When calls were refused (open), let through one by one (half-open) or normal (closed).",
          unit: "none",
          queries: [query(max(chosen.series(catalog.circuitBreakerState, ofServer), perServer), LEGEND)],
          drawn: draw("none", "CircuitBreakerTripped"),
          meanings: breakerStates,
          height: 6,
          whenEmpty: whyEmpty.chosenServer,
        }),
      ],
    ],
  };
}

/** Health checks and the circuit breaker. */
export function health({ chosen, draw, options }: Board): SectionDraft {
  const { healthChecks, healthCheckDuration, healthCheckConsecutiveFailures } = catalog;
  const { window } = options.alerts.CircuitBreakerTripped;
  const refused = chosen.series(catalog.toolCallErrors, { ...ofServer, error_type: "circuit_open" });
  const refusedInBatches = chosen.series(catalog.batchCircuitBreakerRejections, ofServer);
  const durations = sum(recently(chosen.buckets(healthCheckDuration, ofServer)), by("mcp_server", "le"));
  return {
    id: 300,
    title: "Health checks and breaker",
    folded: true,
    rows: [
      [
        stackedChart({
          key: "health-checks",
          id: 303,
          title: "Health checks",
          description:
            "Results of health checks. Skipped means that there was nothing to probe, such as a cold server.",
          unit: "ops",
          queries: [query(sum(rate(chosen.series(healthChecks, ofServer), RATE), by("result")), "{{result}}")],
          width: 6,
          whenEmpty: whyEmpty.checks,
        }),
        chart({
          key: "consecutive-failures",
          id: 304,
          title: "Failures in a row",
          description:
            "Health checks and starts that failed since the last success. HighConsecutiveFailures and ProviderUnhealthy fire above the lines.",
          unit: "short",
          queries: [query(max(chosen.series(healthCheckConsecutiveFailures, ofServer), perServer), LEGEND)],
          drawn: draw("short", "HighConsecutiveFailures", "ProviderUnhealthy"),
          width: 6,
          whenEmpty: whyEmpty.chosenServer,
        }),
        chart({
          key: "health-check-duration",
          id: 305,
          title: "P95 health check",
          description: "How long health checks take. The alert HealthCheckSlow fires above the line.",
          unit: "s",
          queries: [query(quantileOf(0.95, durations), LEGEND)],
          drawn: draw("s", "HealthCheckSlow"),
          width: 6,
          whenEmpty: whyEmpty.checks,
        }),
        chart({
          key: "breaker-refusals",
          id: 306,
          title: "Refused by the breaker",
          description: `Calls that the open breaker refused within ${window}. The alert CircuitBreakerTripped fires above the line.`,
          unit: "short",
          queries: [
            query(sum(increase(refused, window), perServer), LEGEND),
            query(sum(increase(refusedInBatches, window), perServer), "{{mcp_server}} in batches"),
          ],
          drawn: draw("short", "CircuitBreakerTripped"),
          width: 6,
          whenEmpty: whyEmpty.refusals,
        }),
      ],
    ],
  };
}
