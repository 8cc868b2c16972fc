import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { catalog } from "@mcp-hangar/telemetry";
import { describe, expect, test } from "vitest";
import { defaultStack } from "../../test/defaults.ts";
import type { Panel } from "../dashboards/model.ts";
import type { Unit } from "../names.ts";
import { by, count, sum } from "../promql/aggregate.ts";
import { prometheusMetrics } from "../promql/external.ts";
import { histogramQuantile, increase, rate } from "../promql/functions.ts";
import type { Node } from "../promql/node.ts";
import { add, compare, divide } from "../promql/operators.ts";
import { buckets, series } from "../promql/select.ts";
import { type Expression, vector } from "../promql/vector.ts";
import { alertGroups, recordingGroups } from "../render/rules.ts";
import { yamlFile } from "../render/yaml.ts";
import { type MonitoringOverrides, resolveOptions } from "../settings/options.ts";
import { buildStack, type Stack } from "../stack.ts";
import { assertSound, ChecksFailed } from "./index.ts";

/**
 * Defects that an earlier release shipped and that its users met, although the syntax of every rule was right. Each is
 * put back into the stack as it was, and has to fail the build with a message that leads to it.
 */

const stack = defaultStack;
const perJob = by("job");
const perServer = by("job", "mcp_server");

/** The stack with the old expression of one alert. */
function withExpr(id: string, expr: Expression): Stack {
  return { ...stack, alerts: stack.alerts.map((alert) => (alert.id === id ? { ...alert, expr } : alert)) };
}

function withOptions(overrides: MonitoringOverrides): Stack {
  return buildStack(resolveOptions(overrides));
}

/** The stack with one panel changed. */
function withPanel(key: string, change: Partial<Panel>): Stack {
  const dashboards = stack.dashboards.map((dashboard) => ({
    ...dashboard,
    panels: dashboard.panels.map((panel) => (panel.key === key ? { ...panel, ...change } : panel)),
  }));
  return { ...stack, dashboards };
}

/** The stack without one alert. */
function without(name: string): Stack {
  return { ...stack, alerts: stack.alerts.filter((alert) => alert.name !== name) };
}

/** A metric that no gateway exports, as a rule would select it that knows no catalog. */
function unknown<const Type extends "counter" | "gauge">(name: string, type: Type) {
  return series({ name, type, labels: {} });
}

function clampedTo(limit: number, node: Node): Expression {
  return { node: { kind: "call", name: "clamp_max", arguments: [node, { kind: "number", value: limit }] } };
}

const oldHealthChecks = { ...catalog.healthCheckDuration, buckets: [0.01, 0.1, 0.5, 1] } as const;
const oldSweeps = { ...catalog.idleSweepDuration, buckets: [0.01, 0.1, 0.5] } as const;
const failed = sum(rate(series(catalog.toolCallErrors), "5m"), perJob);
const called = sum(rate(series(catalog.toolCalls), "5m"), perJob);

interface Pitfall {
  readonly defect: string;
  readonly broken: Stack;
  /** Parts of the message: the rule, the expression and the mend. */
  readonly says: readonly string[];
}

const PITFALLS: readonly Pitfall[] = [
  {
    defect: "HealthCheckSlow asked for more than 5 s of a histogram that ended at 1 s",
    broken: withExpr(
      "MCPHangarHealthCheckSlow",
      compare(
        histogramQuantile(0.95, sum(rate(buckets(oldHealthChecks), "5m"), by("job", "mcp_server", "le"))),
        ">",
        5,
      ),
    ),
    says: [
      "alert MCPHangarHealthCheckSlow",
      "> 5 can never hold",
      "between 0 and 1",
      "histogram_quantile",
      "share of calls",
    ],
  },
  {
    defect: "GCSlowCycles asked for more than 0.5 s of a histogram that ended there",
    broken: withExpr(
      "MCPHangarGCSlowCycles",
      compare(histogramQuantile(0.95, sum(rate(buckets(oldSweeps), "15m"), by("job", "le"))), ">", 0.5),
    ),
    says: [
      "alert MCPHangarGCSlowCycles",
      "> 0.5 can never hold",
      "mcp_hangar_gc_cycle_duration_seconds_bucket",
      "mend: ",
    ],
  },
  {
    defect: "HighMemoryUsage read a metric that was not exported",
    broken: withExpr("MCPHangarHighMemoryUsage", compare(unknown("mcp_hangar_memory_usage_bytes", "gauge"), ">", 2e9)),
    says: ["alert MCPHangarHighMemoryUsage", "mcp_hangar_memory_usage_bytes does not exist", "of `runtime`"],
  },
  {
    defect: "HighCPUUsage read a metric that was not exported",
    broken: withExpr(
      "MCPHangarHighCPUUsage",
      compare(rate(unknown("mcp_hangar_cpu_seconds_total", "counter"), "5m"), ">", 0.8),
    ),
    says: ["alert MCPHangarHighCPUUsage", "mcp_hangar_cpu_seconds_total does not exist", "mend: "],
  },
  {
    defect: "alerts used the names from before a rename",
    broken: withExpr("MCPHangarMcpServerDead", compare(unknown("mcp_hangar_provider_state", "gauge"), "==", 4)),
    says: ["alert MCPHangarMcpServerDead", "mcp_hangar_provider_state does not exist", "mend: "],
  },
  {
    defect: "panels used the names from before a rename",
    broken: {
      ...stack,
      dashboards: stack.dashboards.map((dashboard) => ({
        ...dashboard,
        panels: dashboard.panels.map((panel, index) =>
          index === 0
            ? {
                ...panel,
                queries: panel.queries.map((query) => ({ ...query, expr: unknown("mcp_hangar_provider_up", "gauge") })),
              }
            : panel,
        ),
      })),
    },
    says: ["panel ", "of mcp-hangar-overview", "mcp_hangar_provider_up does not exist", "mend: "],
  },
  {
    defect: "an alert asked for more than 5 consecutive failures of a gauge that froze at 3",
    broken: withExpr(
      "MCPHangarProviderUnhealthy",
      compare(vector<"job", "level">(clampedTo(3, series(catalog.healthCheckConsecutiveFailures).node).node), ">", 5),
    ),
    says: [
      "alert MCPHangarProviderUnhealthy",
      "> 5 can never hold",
      "between 0 and 3",
      "clamp_max",
      "within these bounds",
    ],
  },
  {
    defect: "all servers were called down in an idle, healthy fleet",
    broken: withExpr(
      "MCPHangarMcpServerDead",
      compare(count(compare(series(catalog.serverState), "!=", 2), perServer), ">", 0),
    ),
    says: [
      "alert MCPHangarMcpServerDead",
      "it fires on an idle, healthy fleet",
      "mcp_hangar_mcp_server_state",
      "something that is wrong",
    ],
  },
  {
    defect: "BatchHighFailureRate counted failed batches, and no batch that failed in part",
    broken: withExpr(
      "MCPHangarBatchHighFailureRate",
      compare(sum(rate(series(catalog.batchCalls, { result: "failure" }), "5m"), perJob), ">", 0.2),
    ),
    says: [
      "alert MCPHangarBatchHighFailureRate",
      "it reads mcp_hangar_batch_calls_total",
      'result="failure"',
      "tell a scenario",
    ],
  },
  {
    defect: "0.001 in a divisor showed 77 % when everything failed",
    broken: withExpr("MCPHangarHighErrorRate", compare(divide(failed, add(called, 0.001)), ">", 0.1)),
    says: ["alert MCPHangarHighErrorRate", "distorts the quotient at low traffic", "+ 0.001", "use `share`"],
  },
  {
    defect: "a rate above 0 missed the first event of a counter that was born with it",
    broken: withExpr(
      "MCPHangarListenerErrors",
      compare(sum(increase(series(catalog.rateLimitHits), "15m"), by("job", "principal")), ">", 0),
    ),
    says: [
      "alert MCPHangarListenerErrors",
      "born with the first event of each principal",
      "rate_limit_hits",
      "foresee its label sets",
    ],
  },
  {
    defect: "up == 0 never matched a target that had vanished",
    broken: withExpr("MCPHangarNotResponding", compare(series(prometheusMetrics.up), "==", 0)),
    says: ["alert MCPHangarNotResponding", "gone from service discovery", "up == 0", "add `or absent(up)`"],
  },
  {
    defect: "every receiver was empty",
    broken: withOptions({
      receivers: {
        default: { webhookUrl: "" },
        critical: { pagerdutyRoutingKeyFile: "" },
        warning: { slackApiUrlFile: "" },
        info: { webhookUrl: "" },
        heartbeat: { webhookUrl: "" },
      },
    }),
    says: [
      "receiver default",
      "receiver pagerduty",
      "receiver slack",
      "receiver info",
      "receiver heartbeat",
      "set the address",
    ],
  },
  {
    defect: "the inhibition compared a label that nobody set",
    broken: {
      ...stack,
      routing: {
        ...stack.routing,
        inhibitions: stack.routing.inhibitions.map((each) => ({ ...each, equal: ["provider"] })),
      },
    },
    says: [
      "inhibition of MCPHangarAvailabilityBudgetBurn by MCPHangarNotResponding",
      "has no label provider",
      "labels that both sides have",
    ],
  },
  {
    defect: "zero alerts were displayed as no data",
    broken: withPanel("firing-critical", {
      queries: [{ expr: count(series(prometheusMetrics.alerts, { alertstate: "firing" })), legend: "Critical" }],
    }),
    says: ["panel firing-critical of mcp-hangar-alerts", "without alerts it shows nothing", "constant(0)"],
  },
  {
    defect: "cost panels showed cents as dollars, 100 times too high",
    broken: withPanel("call-rate", {
      // The type of units has no money in it, for nothing here is measured in it.
      unit: "currencyUSD" as Unit,
      queries: [
        { expr: sum(increase(unknown("mcp_hangar_call_cost_cents_total", "counter"), "1h"), perJob), legend: "Cost" },
      ],
    }),
    says: [
      "panel call-rate of mcp-hangar-overview",
      "money is shown 100 × too high with the unit currencyUSD",
      "mcp_hangar_call_cost_cents_total",
      "convert the value",
    ],
  },
  {
    defect: "runbook links led to pages that did not exist",
    broken: { ...stack, runbooks: stack.runbooks.filter(({ alert }) => alert !== "MCPHangarHighErrorRate") },
    says: ["alert MCPHangarHighErrorRate", "it has no runbook", "write one in src/runbooks/"],
  },
  ...(
    [
      ["MCPHangarTelemetryExportFailing", "mcp_hangar_telemetry_failures_total"],
      ["MCPHangarAuditRecordsDropped", "mcp_hangar_telemetry_dropped_total of the signal audit"],
      ["MCPHangarTelemetryRecordsDropped", "mcp_hangar_telemetry_dropped_total of the signal history"],
      ["MCPHangarListenerErrors", "mcp_hangar_listener_errors_total"],
    ] as const
  ).map(([alert, metric]) => ({
    defect: `nothing watched the telemetry pipeline: no ${alert}`,
    broken: without(alert),
    says: [`metric ${metric}`, "nobody hears when telemetry itself fails", "restore the alert"],
  })),
];

describe("the build fails, as it should have then, when", () => {
  test.each(PITFALLS)("$defect", ({ broken, says }) => {
    const message = failureOf(broken);
    for (const part of says) expect(message).toContain(part);
  });
});

describe("promtool check rules", { tags: ["promtool"] }, () => {
  test("accepts them all, for it knows syntax and not meaning", () => {
    const folder = mkdtempSync(join(tmpdir(), "pitfalls-"));
    try {
      const files = PITFALLS.map(({ broken }, index) => {
        const file = join(folder, `${index}.yaml`);
        writeFileSync(file, yamlFile({ groups: [...recordingGroups(broken), ...alertGroups(broken)] }));
        return file;
      });
      const { status, stderr } = spawnSync("promtool", ["check", "rules", ...files], { encoding: "utf8" });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test("the stack as it is now has none of them", () => {
  expect(() => assertSound(stack)).not.toThrow();
});

function failureOf(broken: Stack): string {
  try {
    assertSound(broken);
  } catch (error) {
    if (error instanceof ChecksFailed) return error.message;
    throw error;
  }
  throw new Error("the stack is taken for sound");
}
