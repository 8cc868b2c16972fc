/**
 * What must not compile. Each `@ts-expect-error` is an error itself when the line below it compiles,
 * so the type check of the tests fails as soon as one of these guards is lost.
 */
import { catalog } from "@mcp-hangar/telemetry";
import { by, max, sum } from "./aggregate.ts";
import { prometheusMetrics, runtime } from "./external.ts";
import { absent, histogramQuantile, increase, maxOverTime, rate } from "./functions.ts";
import { above, andOn, compare, divide, equals, or, share } from "./operators.ts";
import { anyOf, buckets, bucketUpTo, noneOf, not, observations, series, variable } from "./select.ts";

const { toolCalls, toolCallDuration, toolCallErrors, serverState, serverUp, batchItems } = catalog;
const callsByServer = sum(rate(series(toolCalls), "5m"), by("job", "mcp_server"));
const errorsByServer = sum(rate(series(toolCallErrors), "5m"), by("job", "mcp_server"));
const errorShare = share(errorsByServer, callsByServer);

// The same expressions compile when they are right.
export const sound = [
  series(toolCalls, { status: "error", mcp_server: "math", job: "mcp-hangar" }),
  series(toolCalls, { status: not("error"), mcp_server: variable("mcp_server") }),
  series(toolCalls, { status: noneOf("rejected", "cancelled") }),
  histogramQuantile(0.95, sum(rate(buckets(toolCallDuration), "5m"), by("job", "le"))),
  rate(bucketUpTo(toolCallDuration, 3), "$__rate_interval"),
  rate(series(runtime.processCpu), "5m"),
  rate(buckets(runtime.gcDuration, { kind: "major" }), "5m"),
  above(errorShare, 0.1),
  equals(series(serverUp), 0),
  or(series(prometheusMetrics.up, { job: "x" }), absent(series(prometheusMetrics.up, { job: "x" }))),
  andOn(series(serverState), ["job", "mcp_server"], series(catalog.serverInfo, { mode: "remote" })),
  divide(callsByServer, 60),
];

export const wrongMetrics = [
  // @ts-expect-error the catalog has no such metric
  series(catalog.toolInvocations),
  // @ts-expect-error the runtime has no such metric
  series(runtime.processMemory),
  // @ts-expect-error a histogram has no series of its own name
  series(toolCallDuration),
];

export const wrongLabels = [
  // @ts-expect-error the metric has no such label
  series(toolCalls, { server: "math" }),
  // @ts-expect-error the value is not in the closed set
  series(toolCalls, { status: "failed" }),
  // @ts-expect-error nor is it here
  series(toolCalls, { status: not("failed") }),
  // @ts-expect-error one of the alternatives is not in the closed set
  series(batchItems, { status: anyOf("error", "partial") }),
  // @ts-expect-error the label belongs to another metric
  observations(toolCallDuration, { status: "error" }),
  // @ts-expect-error Prometheus adds no such label
  series(prometheusMetrics.up, { pod: "a" }),
];

export const wrongTypes = [
  // @ts-expect-error a gauge has no rate
  rate(series(serverState), "5m"),
  // @ts-expect-error a gauge has no increase
  increase(series(runtime.processResidentMemory), "5m"),
  // @ts-expect-error what is aggregated has no range any more
  rate(sum(series(toolCalls)), "5m"),
  // @ts-expect-error a total is no level
  maxOverTime(series(toolCalls), "5m"),
  // @ts-expect-error a total is compared with nothing
  above(series(toolCalls), 5),
  // @ts-expect-error a counter has no quantile
  histogramQuantile(0.95, sum(rate(series(toolCalls), "5m"), by("job"))),
  // @ts-expect-error the buckets have to be rates
  histogramQuantile(0.95, sum(buckets(toolCallDuration), by("le"))),
  // @ts-expect-error a quantile needs the label le
  histogramQuantile(0.95, sum(rate(buckets(toolCallDuration), "5m"), by("job"))),
  // @ts-expect-error a share is made of rates
  share(series(serverUp), series(serverState)),
  // @ts-expect-error a range has a unit
  rate(series(toolCalls), "5"),
];

export const wrongBoundaries = [
  // @ts-expect-error 4 is not a boundary of this histogram
  bucketUpTo(toolCallDuration, 4),
  // @ts-expect-error 0.5 is a boundary of another histogram
  bucketUpTo(catalog.batchSize, 0.5),
];

export const wrongGroupings = [
  // @ts-expect-error the metric has no such label
  sum(rate(series(toolCalls), "5m"), by("server")),
  // @ts-expect-error the label was aggregated away
  max(callsByServer, by("tool")),
  // @ts-expect-error the vectors have different labels and never match
  share(errorsByServer, sum(rate(series(toolCalls), "5m"))),
  // @ts-expect-error nor do these
  divide(callsByServer, sum(rate(series(toolCalls), "5m"), by("job", "mcp_server", "tool"))),
  // @ts-expect-error one side does not have the label
  andOn(callsByServer, ["tool"], series(toolCalls)),
];

export const unreachableThresholds = [
  // @ts-expect-error a share is never above 1
  above(errorShare, 1),
  // @ts-expect-error it is a fraction, not a percentage
  above(errorShare, 10),
  // @ts-expect-error nor is it negative
  above(errorShare, -0.1),
  // @ts-expect-error a flag is 0 or 1
  equals(series(serverUp), 2),
  // @ts-expect-error quantiles of buckets are no numbers to compare before they are computed
  compare(rate(buckets(toolCallDuration), "5m"), ">", 3),
];
