import { catalog } from "@mcp-hangar/telemetry";
import { describe, expect, test } from "vitest";
import { by, count, max, sum } from "./aggregate.ts";
import { boundsOf, labelsOf } from "./analyse.ts";
import { prometheusMetrics, runtime } from "./external.ts";
import { absent, constant, histogramQuantile, increase, maxOverTime, rate, secondsSince } from "./functions.ts";
import { add, andOn, divideOn, equals, or, share, shareBeyond, subtract } from "./operators.ts";
import { buckets, bucketUpTo, observations, series } from "./select.ts";

const { toolCalls, toolCallErrors, toolCallDuration, serverState, serverInfo, telemetryLastSuccess } = catalog;
const calls = sum(rate(series(toolCalls), "5m"), by("job"));
const errors = sum(rate(series(toolCallErrors), "5m"), by("job"));
const up = series(prometheusMetrics.up, { job: "x" });
const targetLabels = ["instance", "job", "service", "tier"];

describe("the labels of an expression", () => {
  test.each([
    ["a selector", series(serverState), [...targetLabels, "mcp_server"]],
    ["buckets", buckets(toolCallDuration), [...targetLabels, "le", "mcp_server", "tool"]],
    ["an aggregation", sum(series(serverState), by("mcp_server")), ["mcp_server"]],
    ["an aggregation of all", sum(series(serverState)), []],
    ["a quantile", histogramQuantile(0.9, sum(rate(buckets(toolCallDuration), "5m"), by("le", "tool"))), ["tool"]],
    ["a share", share(errors, calls), ["job"]],
    ["a comparison", equals(up, 0), targetLabels],
    ["absent", absent(up), ["job"]],
    ["a union, of which only the common ones are certain", or(equals(up, 0), absent(up)), ["job"]],
    [
      "an intersection",
      andOn(series(serverState), ["mcp_server"], series(serverInfo)),
      [...targetLabels, "mcp_server"],
    ],
    [
      "a quotient on labels",
      divideOn(rate(series(runtime.processCpu), "5m"), ["job"], series(runtime.availableCpus)),
      ["job"],
    ],
    [
      "what is subtracted from the time",
      secondsSince(series(telemetryLastSuccess)),
      [...targetLabels, "exporter", "signal"],
    ],
    ["a constant", constant(1), []],
  ])("of %s", (_what, { node }, expected) => {
    expect([...labelsOf(node)].sort()).toEqual([...expected].sort());
  });
});

describe("the bounds of an expression", () => {
  test.each([
    ["a flag", up, 0, 1],
    ["a state", max(maxOverTime(series(serverState), "5m")), 0, 4],
    ["a count", count(series(toolCalls)), 0, Infinity],
    ["a rate", calls, 0, Infinity],
    ["an increase", increase(series(toolCalls), "5m"), 0, Infinity],
    ["a share", share(errors, calls), 0, 1],
    [
      "a share beyond a boundary",
      shareBeyond(sum(rate(bucketUpTo(toolCallDuration, 3), "5m")), sum(rate(observations(toolCallDuration), "5m"))),
      0,
      1,
    ],
    ["a quantile", histogramQuantile(0.9, sum(rate(buckets(toolCallDuration), "5m"), by("le"))), 0, 120],
    ["a sum of flags", sum(up), 0, Infinity],
    ["a sum", add(calls, 1), 1, Infinity],
    ["a difference", subtract(max(up), 1), -1, 0],
    ["absent", absent(up), 1, 1],
    ["a constant", constant(3), 3, 3],
  ])("of %s", (_what, { node }, least, greatest) => {
    expect(boundsOf(node)).toEqual([least, greatest]);
  });
});
