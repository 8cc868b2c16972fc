import { catalog } from "@mcp-hangar/telemetry";
import { expect, test } from "vitest";
import { by, count, max, sum } from "./aggregate.ts";
import { prometheusMetrics, runtime } from "./external.ts";
import { constant, histogramQuantile, increase, maxOverTime, rate, secondsSince } from "./functions.ts";
import { compare, divide, divideOn, multiply, or, share, subtract, zero } from "./operators.ts";
import { quantityOf } from "./quantity.ts";
import { buckets, observations, series, total } from "./select.ts";
import type { Expression } from "./vector.ts";

const perJob = by("job");
const calls = series(catalog.toolCalls);
const latency = catalog.toolCallDuration;
const memory = series(runtime.processResidentMemory);
const cpus = series(runtime.availableCpus);

const CASES: readonly (readonly [what: string, expr: Expression, measured: string | undefined])[] = [
  ["a counter", calls, "number"],
  ["its rate", sum(rate(calls, "5m"), perJob), "number per second"],
  ["its increase", increase(calls, "5m"), "number"],
  ["its increase, divided by the seconds of the window", divide(increase(calls, "5m"), 300), "number per second"],
  ["its increase, divided by another number", divide(increase(calls, "5m"), 60), "number × 0.0167"],
  ["a gauge of bytes, its greatest value", maxOverTime(memory, "5m"), "bytes"],
  ["the same in kilobytes", divide(memory, 1_000), "bytes × 0.001"],
  ["how many there are of something", count(memory, perJob), "number"],
  ["a quantile", histogramQuantile(0.95, sum(rate(buckets(latency), "5m"), by("job", "le"))), "seconds"],
  ["a quantile of sizes", histogramQuantile(0.95, sum(rate(buckets(catalog.batchSize), "5m"), by("le"))), "number"],
  ["a mean", divide(rate(total(latency), "5m"), rate(observations(latency), "5m")), "seconds"],
  ["how often something was observed", rate(observations(latency), "5m"), "number per second"],
  ["a share", share(sum(rate(calls, "5m"), perJob), sum(rate(calls, "5m"), perJob)), "share"],
  ["a share in per cent", multiply(divide(memory, memory), 100), "share × 100"],
  ["a share that is 0 where a part is missing", or(divide(memory, memory), zero(divide(memory, memory))), "share"],
  ["CPU time", rate(series(runtime.processCpu), "5m"), "seconds per second"],
  [
    "CPU time of the CPUs that there are",
    divideOn(rate(series(runtime.processCpu), "5m"), ["job", "instance"], cpus),
    "seconds per second",
  ],
  ["a point in time in milliseconds", multiply(series(runtime.processStartTime), 1_000), "point in time × 1000"],
  ["the time since then", secondsSince(max(series(runtime.processStartTime), perJob)), "seconds"],
  ["what is compared", compare(memory, ">", 5), "bytes"],
  ["a difference", subtract(memory, memory), "bytes"],
  ["a count that is never missing", or(count(series(prometheusMetrics.alerts)), constant(0)), "number"],
  ["bytes a call, which has no name here", divide(sum(memory, perJob), sum(rate(calls, "5m"), perJob)), undefined],
  ["money in cents", series({ name: "mcp_hangar_cost_cents", type: "gauge", labels: {} }), "money × 100"],
  ["time in milliseconds", series({ name: "x_milliseconds", type: "gauge", labels: {} }), "seconds × 1000"],
  ["a function that is not known", { node: { kind: "call", name: "ln", arguments: [memory.node] } }, undefined],
];

test.each(CASES)("the quantity is read off names and arithmetic: %s", (_, expr, measured) => {
  const quantity = quantityOf(expr.node);
  const scale = quantity === undefined || quantity.scale === 1 ? "" : ` × ${Number(quantity.scale.toPrecision(3))}`;
  expect(quantity && `${quantity.kind}${quantity.perSecond ? " per second" : ""}${scale}`).toBe(measured);
});
