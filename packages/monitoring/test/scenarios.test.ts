import { describe, expect, test } from "vitest";
import { SCENARIO_KINDS } from "../src/model.ts";
import { type MonitoringOverrides, resolveOptions } from "../src/settings/options.ts";
import { buildStack } from "../src/stack.ts";
import { perform } from "./promtool.ts";

const stack = buildStack(resolveOptions());

/** What promtool says about the scenarios of each alert, for those that do not do what they should. */
async function complaints(overrides: MonitoringOverrides, isPlayed: (id: string) => boolean = () => true) {
  const changed = buildStack(resolveOptions(overrides));
  const alerts = changed.alerts.filter(({ id }) => isPlayed(id));
  const verdicts = await perform(
    alerts.map(({ id }) => ({ stack: changed, scenarios: changed.scenarios.filter(({ alert }) => alert === id) })),
  );
  return alerts.map(({ id }, index) => [id, verdicts[index]]).filter(([, verdict]) => verdict !== "");
}

test("every alert has scenarios of every kind or a reason why not, and all are counted", () => {
  for (const { id } of stack.alerts) {
    const kinds = new Set([
      ...stack.scenarios.filter(({ alert }) => alert === id).map(({ kind }) => kind),
      ...stack.scenarioWaivers.filter(({ alert }) => alert === id).map(({ kind }) => kind),
    ]);
    expect([id, SCENARIO_KINDS.filter((kind) => !kinds.has(kind))]).toEqual([id, []]);
  }
});

describe("promtool", { tags: ["promtool"] }, () => {
  test("sees every alert do what its scenarios say", { timeout: 240_000 }, async () => {
    expect(await complaints({})).toEqual([]);
  });

  test("sees them follow other thresholds, windows, paces and jobs", { timeout: 240_000 }, async () => {
    const overrides: MonitoringOverrides = {
      jobName: "gateway-eu",
      evaluationInterval: "30s",
      alerts: {
        HighErrorRate: { share: 0.25, window: "10m", for: "7m" },
        HighLatencyP95: { quantile: 0.9, limit: 10 },
        CircuitBreakerTripped: { count: 3, window: "15m", openWithin: "2m", for: "5m" },
        ProviderUnhealthy: { level: 9, for: "0s" },
        McpServerStarted: { count: 4 },
        FrequentColdStarts: { perSecond: 0.02 },
        HighCPUUsage: { share: 0.5 },
        TelemetryExportFailing: { silence: "8m", window: "20m" },
      },
      slos: { errors: { objective: 0.995 }, latency: { limit: 5 } },
    };
    const isPlayed = (id: string): boolean => !/BudgetBurn:(6h|1d|3d)/.test(id);
    expect(await complaints(overrides, isPlayed)).toEqual([]);
  });

  test("is not content with an alert that does something else", { timeout: 60_000 }, async () => {
    const id = "MCPHangarHighErrorRate";
    const scenarios = stack.scenarios.filter(({ alert }) => alert === id);
    const alerts = stack.alerts.map((alert) => (alert.id === id ? { ...alert, for: "10m" as const } : alert));
    const [verdict] = await perform([{ stack: { ...stack, alerts }, scenarios }]);
    expect(verdict).toContain("got: nil");
  });
});
