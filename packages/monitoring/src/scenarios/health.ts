import { BREAKER_STATES, catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Topic } from "../model.ts";
import { complementOf } from "../slo/decimal.ts";
import { counter, gauge, histogram, steady } from "./series.ts";
import { alertNamed, type Coverage, inShares, type Story, tell, together } from "./story.ts";

const server = { mcp_server: "math" } as const;
const tool = { mcp_server: "math", tool: "add" } as const;

/** Circuit breakers that refuse or stay open, health checks that fail or are slow. */
export function health(context: Context, { alerts }: Topic): Coverage {
  const { ProviderUnhealthy, HighConsecutiveFailures, HealthCheckSlow: slow } = context.options.alerts;
  const slowChecks = inShares(complementOf(slow.quantile), slow, context, ({ each, ...beyond }) => ({
    course: { kind: "average", window: slow.window },
    series: histogram(catalog.healthCheckDuration, server, { limit: slow.limit, each, beyond }),
    firing: server,
    share: {},
  }));
  return together(
    tell(context, alertNamed(alerts, "CircuitBreakerTripped"), breaker(context)),
    tell(context, alertNamed(alerts, "ProviderUnhealthy"), [failuresInARow(ProviderUnhealthy.level)]),
    tell(context, alertNamed(alerts, "HighConsecutiveFailures"), [failuresInARow(HighConsecutiveFailures.level)]),
    tell(context, alertNamed(alerts, "HealthCheckSlow"), slowChecks),
  );
}

function breaker({ options }: Context): readonly Story[] {
  const { count, window, openWithin } = options.alerts.CircuitBreakerTripped;
  const refused = { below: count, above: count + 1 };
  const [closed, halfOpen, open] = (["closed", "half_open", "open"] as const).map((state) =>
    BREAKER_STATES.indexOf(state),
  );
  return [
    {
      about: "calls are refused",
      course: { kind: "event", window },
      series: [
        ...counter(catalog.toolCallErrors, { ...tool, error_type: "circuit_open" }, refused),
        ...counter(catalog.toolCallErrors, { ...tool, error_type: "timeout" }, 100),
      ],
      firing: server,
    },
    {
      about: "batch items are refused",
      course: { kind: "event", window },
      series: counter(catalog.batchCircuitBreakerRejections, server, refused),
      firing: server,
    },
    {
      about: "a breaker is open",
      course: { kind: "level", held: openWithin },
      series: [
        ...gauge(catalog.circuitBreakerState, server, {
          healthy: closed ?? 0,
          below: halfOpen ?? 1,
          above: open ?? 2,
        }),
        ...steady(catalog.circuitBreakerState, server, closed ?? 0, "b:8000"),
      ],
      firing: server,
    },
  ];
}

function failuresInARow(level: number): Story {
  const metric = catalog.healthCheckConsecutiveFailures;
  return {
    course: { kind: "level" },
    series: [
      ...gauge(metric, server, { healthy: 0, below: level, above: level + 1 }),
      ...steady(metric, server, 0, "b:8000"),
    ],
    firing: server,
  };
}
