/** What must not compile; an unused `@ts-expect-error` is an error itself. */
import { catalog } from "@mcp-hangar/telemetry";
import { alertRule, recordingRule, when } from "./define.ts";
import { by, sum } from "./promql/aggregate.ts";
import { rate } from "./promql/functions.ts";
import { series } from "./promql/select.ts";
import { type MonitoringOverrides, resolveOptions } from "./settings/options.ts";
import { label, text } from "./template.ts";

const setting = { severity: "warning", for: "5m" } as const;
const perServer = sum(rate(series(catalog.toolCalls), "5m"), by("job", "mcp_server"));
const condition = when(perServer, ">", { threshold: 1, unit: "reqps" });
const sound = {
  alert: "HighErrorRate",
  setting,
  expr: condition.expr,
  conditions: [condition],
  summary: text`Something`,
  description: text`is wrong with ${label("mcp_server")}.`,
  dashboard: { uid: "mcp-hangar-overview", variables: ["mcp_server"] },
} as const;

export const alerts = [
  alertRule(sound),
  // @ts-expect-error the expression has lost the label of the text
  alertRule({ ...sound, summary: text`${label("tool")} is slow` }),
  // @ts-expect-error the expression has lost the label of the link
  alertRule({ ...sound, dashboard: { uid: "mcp-hangar-overview", variables: ["tool"] } }),
  // @ts-expect-error there is no such alert
  alertRule({ ...sound, alert: "SomethingElse" }),
  // @ts-expect-error there is no such dashboard
  alertRule({ ...sound, dashboard: { uid: "mcp-hangar-costs" } }),
];

const recorded = recordingRule("job_mcp_server:mcp_hangar_tool_calls:rate5m", perServer);

export const records = [
  series(recorded.metric, { mcp_server: "math" }),
  // @ts-expect-error the recorded series has no such label
  series(recorded.metric, { tool: "add" }),
  // @ts-expect-error nor the labels of a target
  series(recorded.metric, { instance: "a" }),
  // @ts-expect-error what is recorded is a rate already
  rate(series(recorded.metric), "5m"),
  // @ts-expect-error a name has three parts
  recordingRule("tool_calls", perServer),
];

export const overrides: readonly MonitoringOverrides[] = [
  { alerts: { HighLatencyP95: { limit: 5 } } },
  // @ts-expect-error 4 is not a boundary of the histogram
  { alerts: { HighLatencyP95: { limit: 4 } } },
  // @ts-expect-error there is no such alert
  { alerts: { HighLatency: { limit: 5 } } },
  // @ts-expect-error a duration has a unit
  { alerts: { HighErrorRate: { for: "5" } } },
];

export const options = resolveOptions({ slos: { latency: { limit: 5 } } });
