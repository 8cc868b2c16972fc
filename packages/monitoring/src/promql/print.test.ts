import { catalog } from "@mcp-hangar/telemetry";
import { describe, expect, test } from "vitest";
import { by, max, sum } from "./aggregate.ts";
import { prometheusMetrics, runtime } from "./external.ts";
import { absent, constant, histogramQuantile, increase, maxOverTime, rate, secondsSince } from "./functions.ts";
import { above, add, andOn, divideOn, equals, multiply, or, share, shareBeyond, subtract } from "./operators.ts";
import { printPromql } from "./print.ts";
import { ago, anyOf, buckets, bucketUpTo, noneOf, not, observations, scope, series, variable } from "./select.ts";

const { toolCalls, toolCallDuration, toolCallErrors, serverState, serverInfo } = catalog;
const calls = sum(rate(series(toolCalls), "5m"), by("job"));
const errors = sum(rate(series(toolCallErrors), "5m"), by("job"));

describe("printed PromQL", () => {
  test.each([
    [series(toolCalls), "mcp_hangar_tool_calls_total"],
    [
      series(toolCalls, { status: not("success"), tool: 'a\\b"c\nd' }),
      'mcp_hangar_tool_calls_total{status!="success", tool="a\\\\b\\"c\\nd"}',
    ],
    [
      series(toolCalls, { status: anyOf("error", "timeout"), tool: noneOf("a.b", "c") }),
      'mcp_hangar_tool_calls_total{status=~"error|timeout", tool!~"a\\\\.b|c"}',
    ],
    [series(toolCalls, { tool: variable("tool") }), 'mcp_hangar_tool_calls_total{tool=~"$tool"}'],
    [rate(bucketUpTo(toolCallDuration, 3), "5m"), 'rate(mcp_hangar_tool_call_duration_seconds_bucket{le="3.0"}[5m])'],
    [increase(ago(observations(catalog.batchSize), "1h"), "5m"), "increase(mcp_hangar_batch_size_count[5m] offset 1h)"],
    [calls, "sum by (job) (rate(mcp_hangar_tool_calls_total[5m]))"],
    [sum(calls), "sum(sum by (job) (rate(mcp_hangar_tool_calls_total[5m])))"],
    [constant(1), "vector(1)"],
    [above(series(runtime.processResidentMemory), 2e9), "process_resident_memory_bytes > 2000000000"],
    [above(series(serverState), 1e-7), "mcp_hangar_mcp_server_state > 0.0000001"],
    [
      secondsSince(series(catalog.telemetryLastSuccess)),
      "time() - mcp_hangar_telemetry_last_success_timestamp_seconds",
    ],
    [
      or(equals(series(prometheusMetrics.up, { job: "x" }), 0), absent(series(prometheusMetrics.up, { job: "x" }))),
      'up{job="x"} == 0 or absent(up{job="x"})',
    ],
    [
      andOn(series(serverState), ["job", "mcp_server"], series(serverInfo, { mode: "remote" })),
      'mcp_hangar_mcp_server_state and on (job, mcp_server) mcp_hangar_mcp_server_info{mode="remote"}',
    ],
  ])("has one line where it fits: %#", (expression, printed) => {
    expect(printPromql(expression)).toBe(printed);
  });

  test("has parentheses where the precedence demands them, and nowhere else", () => {
    const level = series(serverState);
    expect(printPromql(subtract(level, subtract(level, level)))).toMatch(/^\w+ - \(\w+ - \w+\)$/);
    expect(printPromql(subtract(subtract(level, level), level))).toMatch(/^\w+ - \w+ - \w+$/);
    expect(printPromql(multiply(add(level, 1), 2))).toMatch(/^\(\w+ \+ 1\) \* 2$/);
    expect(printPromql(add(multiply(level, 2), 1))).toMatch(/^\w+ \* 2 \+ 1$/);
    expect(printPromql(or(level, or(level, level)))).toMatch(/^\w+ or \w+ or \w+$/);
  });

  test("breaks long expressions at their operators and parentheses", () => {
    expect(printPromql(above(share(errors, calls), 0.1))).toBe(
      [
        "(",
        "  sum by (job) (rate(mcp_hangar_tool_call_errors_total[5m]))",
        "  or",
        "  0 * sum by (job) (rate(mcp_hangar_tool_calls_total[5m]))",
        ")",
        "/",
        "(sum by (job) (rate(mcp_hangar_tool_calls_total[5m])) > 0)",
        "> 0.1",
      ].join("\n"),
    );
  });

  test("prints a chain of one operator as a list", () => {
    const one = max(maxOverTime(series(serverState), "5m"), by("job", "mcp_server"));
    expect(printPromql(or(or(equals(one, 1), equals(one, 2)), equals(one, 3))).split("\n")).toEqual([
      "max by (job, mcp_server) (max_over_time(mcp_hangar_mcp_server_state[5m])) == 1",
      "or",
      "max by (job, mcp_server) (max_over_time(mcp_hangar_mcp_server_state[5m])) == 2",
      "or",
      "max by (job, mcp_server) (max_over_time(mcp_hangar_mcp_server_state[5m])) == 3",
    ]);
  });

  test("breaks a long call over its arguments", () => {
    const rates = rate(buckets(toolCallDuration, { mcp_server: "a", tool: "b", instance: "c" }), "5m");
    expect(printPromql(histogramQuantile(0.95, sum(rates, by("le", "job"))))).toBe(
      [
        "histogram_quantile(",
        "  0.95,",
        "  sum by (le, job) (",
        '    rate(mcp_hangar_tool_call_duration_seconds_bucket{mcp_server="a", tool="b", instance="c"}[5m])',
        "  )",
        ")",
      ].join("\n"),
    );
  });

  test("prints the matching of two vectors", () => {
    const cpu = rate(series(runtime.processCpu), "5m");
    expect(printPromql(divideOn(cpu, ["job", "instance"], series(runtime.availableCpus)))).toBe(
      "rate(process_cpu_seconds_total[5m]) / on (job, instance) nodejs_available_cpus",
    );
  });
});

describe("a scope", () => {
  const rules = scope({ job: "mcp-hangar" });

  test("puts its tests first into every selector, unless the selector has its own", () => {
    expect(printPromql(rules.series(toolCalls, { status: "error" }))).toBe(
      'mcp_hangar_tool_calls_total{job="mcp-hangar", status="error"}',
    );
    expect(printPromql(rules.series(toolCalls, { job: "other" }))).toBe('mcp_hangar_tool_calls_total{job="other"}');
    expect(printPromql(rules.bucketUpTo(catalog.batchSize, 50))).toBe(
      'mcp_hangar_batch_size_bucket{job="mcp-hangar", le="50.0"}',
    );
  });
});

test("a share beyond a boundary has no value without traffic", () => {
  const within = sum(rate(bucketUpTo(catalog.batchSize, 50), "5m"), by("job"));
  const all = sum(rate(observations(catalog.batchSize), "5m"), by("job"));
  expect(printPromql(shareBeyond(within, all)).replaceAll(/\s+/g, " ").trim()).toBe(
    '1 - sum by (job) (rate(mcp_hangar_batch_size_bucket{le="50.0"}[5m])) / (sum by (job) (rate(mcp_hangar_batch_size_count[5m])) > 0)',
  );
});
