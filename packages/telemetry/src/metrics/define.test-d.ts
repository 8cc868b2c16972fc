/**
 * What must not compile. Each `@ts-expect-error` is an error itself when the line below it compiles,
 * so the type check of the tests fails as soon as one of these guards is lost.
 */
import { registeredName } from "../registered-name.ts";
import { counter, gauge, histogram, nameOf, oneOf } from "./define.ts";
import type { MetricName } from "./index.ts";

const server = registeredName("math");
const statuses = ["success", "error"] as const;

// The same definitions compile when they are right.
export const sound = [
  counter({
    name: "mcp_hangar_things_total",
    help: "Things.",
    labels: { mcp_server: nameOf("mcp_server"), status: oneOf(statuses) },
    on: { "call.finished": (event) => ({ labels: { mcp_server: event.server, status: "success" }, value: 1 }) },
  }),
  gauge({
    name: "mcp_hangar_things",
    help: "Things.",
    labels: { mcp_server: nameOf("mcp_server") },
    read: (snapshot) => snapshot.servers.map(({ id }) => ({ labels: { mcp_server: id }, value: 1 })),
  }),
  histogram({
    name: "mcp_hangar_thing_seconds",
    help: "Time of a thing.",
    labels: {},
    buckets: [1, 2],
    on: { "call.finished": (event) => ({ labels: {}, value: event.durationSeconds }) },
  }),
] as const;

export const wrongNames = [
  // @ts-expect-error a counter ends in _total
  counter({ name: "mcp_hangar_things", help: "Things.", labels: {}, on: {} }),
  // @ts-expect-error a metric has the prefix
  counter({ name: "things_total", help: "Things.", labels: {}, on: {} }),
  // @ts-expect-error a gauge is not named like a counter
  gauge({ name: "mcp_hangar_things_total", help: "Things.", labels: {}, read: () => [] }),
  // @ts-expect-error a gauge is not named like a part of a histogram
  gauge({ name: "mcp_hangar_things_count", help: "Things.", labels: {}, read: () => [] }),
  // @ts-expect-error a gauge has the prefix
  gauge({ name: "things", help: "Things.", labels: {}, read: () => [] }),
  // @ts-expect-error a histogram ends in its unit
  histogram({ name: "mcp_hangar_thing_duration", help: "Time.", labels: {}, buckets: [1], on: {} }),
];

export const wrongLabels = [
  counter({
    name: "mcp_hangar_things_total",
    help: "Things.",
    labels: { mcp_server: nameOf("mcp_server"), status: oneOf(statuses) },
    // @ts-expect-error a label is missing
    on: { "call.finished": () => ({ labels: { mcp_server: server }, value: 1 }) },
  }),
  counter({
    name: "mcp_hangar_things_total",
    help: "Things.",
    labels: { status: oneOf(statuses) },
    // @ts-expect-error a label is not declared
    on: { "call.finished": () => ({ labels: { status: "error", tenant: server }, value: 1 }) },
  }),
  counter({
    name: "mcp_hangar_things_total",
    help: "Things.",
    labels: { status: oneOf(statuses) },
    // @ts-expect-error the value is not in the closed set
    on: { "call.finished": () => ({ labels: { status: "failed" }, value: 1 }) },
  }),
  counter({
    name: "mcp_hangar_things_total",
    help: "Things.",
    labels: { status: oneOf(statuses) },
    // @ts-expect-error the closed set of the event is wider than that of the label
    on: { "call.finished": (event) => ({ labels: { status: event.outcome.status }, value: 1 }) },
  }),
  counter({
    name: "mcp_hangar_things_total",
    help: "Things.",
    labels: { mcp_server: nameOf("mcp_server") },
    // @ts-expect-error text that the caller typed is not a registered name
    on: { "call.finished": (event) => ({ labels: { mcp_server: event.requestedServer }, value: 1 }) },
  }),
  gauge({
    name: "mcp_hangar_things",
    help: "Things.",
    labels: { mcp_server: nameOf("mcp_server") },
    // @ts-expect-error a plain string is not a registered name
    read: () => [{ labels: { mcp_server: "math" }, value: 1 }],
  }),
];

export const wrongDerivations = [
  // @ts-expect-error the event has no such field
  counter({ name: "mcp_hangar_x_total", help: "X.", labels: {}, on: { "call.finished": (e) => one(e.duration) } }),
  counter({
    name: "mcp_hangar_x_total",
    help: "X.",
    labels: {},
    // @ts-expect-error there is no such event
    on: { "call.ended": () => ({ labels: {}, value: 1 }) },
  }),
  // @ts-expect-error the snapshot has no such field
  gauge({ name: "mcp_hangar_x", help: "X.", labels: {}, read: (snapshot) => [one(snapshot.tenants)] }),
  // @ts-expect-error a gauge is not counted up by events
  gauge({ name: "mcp_hangar_x", help: "X.", labels: {}, on: {} }),
  // @ts-expect-error a counter has one source, not two
  counter({ name: "mcp_hangar_x_total", help: "X.", labels: {}, on: {}, read: () => [] }),
  // @ts-expect-error a counter has a source
  counter({ name: "mcp_hangar_x_total", help: "X.", labels: {} }),
  // @ts-expect-error a histogram has buckets
  histogram({ name: "mcp_hangar_x_seconds", help: "X.", labels: {}, on: {} }),
];

// @ts-expect-error the monitoring generator cannot name a metric that is not in the catalog
export const unknownMetric: MetricName = "mcp_hangar_tool_call_total";

function one(value: number) {
  return { labels: {}, value };
}
