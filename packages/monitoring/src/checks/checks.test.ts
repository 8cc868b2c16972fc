import { catalog } from "@mcp-hangar/telemetry";
import { describe, expect, test } from "vitest";
import { defaultStack } from "../../test/defaults.ts";
import { type AlertRule, type Receiver, type Routing, type Runbook, SCENARIO_KINDS, type Scenario } from "../model.ts";
import { by, max, sum } from "../promql/aggregate.ts";
import { prometheusMetrics, runtime } from "../promql/external.ts";
import { histogramQuantile, increase, rate } from "../promql/functions.ts";
import { type Node, nodesOf } from "../promql/node.ts";
import { add, compare, divide } from "../promql/operators.ts";
import { buckets, noneOf, series } from "../promql/select.ts";
import { type Expression, vector } from "../promql/vector.ts";
import { query } from "../runbooks/look.ts";
import type { AlertSettings } from "../settings/alerts.ts";
import { type MonitoringOverrides, resolveOptions } from "../settings/options.ts";
import { buildStack, type Stack } from "../stack.ts";
import { label, text } from "../template.ts";
import { describeViolation, type Violation } from "./check.ts";
import { assertSound, ChecksFailed, checks, runChecks } from "./index.ts";
import { runbooksExist } from "./runbooks-exist.ts";

const stack = defaultStack;
const { toolCalls, toolCallErrors, healthCheckDuration, idleSweepDuration, serverState, batchItems } = catalog;

/** The stack with one alert more, which has a defect. */
function withAlert(expr: Expression, change: Partial<AlertRule> = {}): Stack {
  const sound = stack.alerts.find(({ name }) => name === "MCPHangarHighLatencyByTool");
  if (sound === undefined) throw new Error("the alert to start from is gone");
  const plain = {
    summary: text`Something`,
    description: text`is wrong`,
    dashboard: { uid: "mcp-hangar-overview" },
    for: "1m",
  } as const;
  const broken: AlertRule = { ...sound, ...plain, id: "defect", expr, ...change };
  // On a panel, for where it is drawn is not what is wrong with it.
  const dashboards = stack.dashboards.map((dashboard) => ({
    ...dashboard,
    panels: dashboard.panels.map((panel) =>
      panel.key === "gateways-down" ? { ...panel, alerts: [...panel.alerts, broken] } : panel,
    ),
  }));
  return { ...stack, alerts: [...stack.alerts, broken], dashboards, ...triedAs(broken) };
}

/** Scenarios and reasons that satisfy whoever does not look closely, for they are not what is wrong. */
function triedAs({ id, expr }: AlertRule): Pick<Stack, "scenarios" | "scenarioWaivers"> {
  const series = [...nodesOf(expr.node)].flatMap((node) =>
    node.kind === "selector" ? [{ metric: node.metric, labels: {}, values: "1" }] : [],
  );
  const fires: Scenario = {
    alert: id,
    kind: "fires",
    title: "",
    interval: "15s",
    series,
    expect: [{ at: "1m", firing: [{}] }],
  };
  const waivers = SCENARIO_KINDS.filter((kind) => kind !== "fires").map((kind) => ({
    alert: id,
    kind,
    reason: "none",
  }));
  return { scenarios: [...stack.scenarios, fires], scenarioWaivers: [...stack.scenarioWaivers, ...waivers] };
}

/** The stack with other scenarios of one alert. */
function withScenarios(alert: string, change: (scenario: Scenario) => readonly Scenario[]): Stack {
  const scenarios = stack.scenarios.flatMap((each) => (each.alert === alert ? change(each) : [each]));
  return { ...stack, scenarios };
}

/** The stack with another expression of an alert, and all else as it was. */
function withExpr(id: string, expr: Expression): Stack {
  return { ...stack, alerts: stack.alerts.map((alert) => (alert.id === id ? { ...alert, expr } : alert)) };
}

function withOptions(overrides: MonitoringOverrides): Stack {
  return buildStack(resolveOptions(overrides));
}

/** A setting that the options would not let pass. */
function withSetting<Key extends keyof AlertSettings>(key: Key, setting: Partial<AlertSettings[Key]>): Stack {
  const { alerts, ...options } = stack.options;
  return buildStack({ ...options, alerts: { ...alerts, [key]: { ...alerts[key], ...setting } } });
}

function withRouting(change: (routing: Routing) => Partial<Routing>): Stack {
  return { ...stack, routing: { ...stack.routing, ...change(stack.routing) } };
}

/** The stack with another summary of pages. */
function withSummary(summary: string): Stack {
  return withRouting(({ receivers }) => ({ receivers: receivers.map((each) => withText(each, summary)) }));
}

function withText(receiver: Receiver, summary: string): Receiver {
  return receiver.kind === "pagerduty" ? { ...receiver, texts: { ...receiver.texts, summary } } : receiver;
}

/** The stack with a defect in its first runbook. */
function withRunbook(change: (runbook: Runbook) => Partial<Runbook>): Stack {
  const [first, ...others] = stack.runbooks;
  if (first === undefined) throw new Error("there are no runbooks");
  return { ...stack, runbooks: [{ ...first, ...change(first) }, ...others] };
}

function renamed(suffix: string): Expression {
  return series({ name: `mcp_hangar_calls_of_${suffix}`, type: "gauge", labels: {} });
}

/** An expression as somebody might write it around the types. */
function untyped(node: Node) {
  return vector<string, "level">(node);
}

const perJob = by("job");
const calls = sum(rate(series(toolCalls), "5m"), perJob);
const errors = sum(rate(series(toolCallErrors), "5m"), perJob);
const quantile = <Label extends string>(of: Parameters<typeof histogramQuantile<Label | "le">>[1]) =>
  histogramQuantile<Label | "le">(0.95, of);

test("the stack that is shipped has no defect", () => {
  expect(runChecks(stack).map(describeViolation)).toEqual([]);
  expect(() => assertSound(stack)).not.toThrow();
});

/** Defects, each with the check that must find it and a part of what it must say. */
const DEFECTS: readonly (readonly [defect: string, broken: Stack, check: string, says: string])[] = [
  [
    "a quantile above the top bucket, as HealthCheckSlow once was",
    withAlert(compare(quantile(sum(rate(buckets(healthCheckDuration), "5m"), by("job", "le"))), ">", 30)),
    "threshold-reachable",
    "> 30 can never hold: its values lie between 0 and 30",
  ],
  [
    "a quantile at the top bucket, as GCSlowCycles once was",
    withAlert(compare(quantile(sum(rate(buckets(idleSweepDuration), "5m"), by("job", "le"))), ">", 10)),
    "threshold-reachable",
    "can never hold",
  ],
  [
    "a percentage where a share is meant",
    withSetting("HighErrorRate", { share: 10 }),
    "threshold-reachable",
    "> 10 can never hold: its values lie between 0 and 1",
  ],
  [
    "a state that does not exist",
    withAlert(compare(max(series(serverState), perJob), "==", 7)),
    "threshold-reachable",
    "its values lie between 0 and 4",
  ],
  [
    "a condition that always holds",
    withAlert(compare(max(series(serverState), perJob), ">=", 0)),
    "threshold-reachable",
    "always holds",
  ],
  [
    "a metric that is not exported, as the ones of HighMemoryUsage were",
    withAlert(compare(series({ name: "mcp_hangar_memory_bytes", type: "gauge", labels: {} }), ">", 1)),
    "metric-exists",
    "the metric mcp_hangar_memory_bytes does not exist",
  ],
  [
    "a metric under another type",
    withAlert(compare(series({ ...serverState, type: "recorded", labels: {}, bounds: [0, 9] }), ">", 1)),
    "metric-exists",
    "mcp_hangar_mcp_server_state is a gauge, not a recorded",
  ],
  [
    "a label from before a rename",
    withAlert(compare(untypedSum(["job", "provider"]), ">", 1)),
    "label-exists",
    "has no label provider",
  ],
  [
    "a test of a label that the metric does not have",
    withAlert(compare(untyped(selector("mcp_server_id", "math")), ">", 1)),
    "label-exists",
    "the metric mcp_hangar_mcp_server_state has no label mcp_server_id",
  ],
  [
    "a label value that does not exist",
    withAlert(compare(sum(untyped(ratedCalls("status", "failed"))), ">", 1)),
    "label-value-exists",
    'the label status of mcp_hangar_tool_calls_total never has the value "failed"',
  ],
  [
    "a bucket boundary that is spelt otherwise",
    withAlert(compare(sum(untyped(ratedBucket("3"))), ">", 1)),
    "label-value-exists",
    'the label le of mcp_hangar_tool_call_duration_seconds never has the value "3"',
  ],
  [
    "a rate of a gauge",
    withAlert(compare(untyped(call("rate", { ...series(serverState).node, range: "5m" })), ">", 1)),
    "types-fit",
    "rate() reads mcp_hangar_mcp_server_state, which is a gauge",
  ],
  [
    "a counter compared as it is",
    withAlert(compare(untyped(series(toolCallErrors).node), ">", 5)),
    "types-fit",
    "is a counter and is compared as it is",
  ],
  [
    "changes of a counter, which count restarts too",
    withAlert(compare(untyped(call("changes", { ...series(toolCalls).node, range: "5m" })), ">", 0)),
    "types-fit",
    "which a restart resets",
  ],
  [
    "a quantile without le",
    withAlert(compare(untyped(quantileWithoutLe()), ">", 1)),
    "types-fit",
    "without the label le",
  ],
  [
    "an objective whose burn rate cannot be reached",
    { ...stack, slos: withOptions({ slos: { errors: { objective: 0.9 } } }).slos },
    "burn-rate-reachable",
    "the error ratio would have to exceed 1.44, which is 14.4 × (1 − 0.9)",
  ],
  [
    "a range of two scrapes",
    withAlert(compare(sum(rate(series(toolCalls), "20s"), perJob), ">", 1)),
    "range-long-enough",
    "holds fewer than 4 samples, which come every 10s",
  ],
  [
    "scrapes too rare for the ranges",
    withOptions({ scrapeInterval: "2m" }),
    "range-long-enough",
    "use a range of at least 480s",
  ],
  [
    "a for as long as the window of its events",
    withAlert(compare(sum(increase(series(toolCallErrors), "5m"), perJob), ">", 0), { for: "5m" }),
    "for-fits-window",
    "is not shorter than the window of 300s",
  ],
  [
    "a for that a single sample outlasts, as that of a dead server once was",
    withOptions({ alerts: { McpServerDead: { window: "5m", for: "5m" } } }),
    "for-fits-window",
    "is not longer than the 300s that a single sample holds the condition up",
  ],
  [
    "a for below the evaluation interval",
    withOptions({ alerts: { HighErrorRate: { for: "5s" } } }),
    "for-fits-window",
    "shorter than the evaluation interval 15s",
  ],
  [
    "a text with a label that was aggregated away",
    withAlert(compare(calls, ">", 1), { summary: text`${label("mcp_server")} is down` }),
    "texts-have-labels",
    "the summary uses the label mcp_server, which the expression does not keep",
  ],
  [
    "a link with a label that was aggregated away",
    withAlert(compare(calls, ">", 1), { dashboard: { uid: "mcp-hangar-overview", variables: ["tool"] } }),
    "texts-have-labels",
    "the dashboard link uses the label tool",
  ],
  [
    "a link to a panel that does not exist",
    withAlert(compare(calls, ">", 1), { dashboard: { uid: "mcp-hangar-overview", panel: "gone" } }),
    "alerts-are-complete",
    "has no panel gone",
  ],
  [
    "an alert without a summary",
    withAlert(compare(calls, ">", 1), { summary: text`` }),
    "alerts-are-complete",
    "no summary",
  ],
  ["an alert without a threshold to draw", withAlert(calls, { conditions: [] }), "alerts-are-complete", "no condition"],
  [
    "two alerts of one id",
    { ...stack, alerts: [...stack.alerts, ...stack.alerts.slice(0, 1)] },
    "alerts-are-complete",
    "another alert has the same id",
  ],
  [
    "a severity without a route",
    withRouting(({ routes }) => ({ routes: routes.filter(({ receiver }) => receiver !== "info") })),
    "routes-fit",
    "no route takes the severity info",
  ],
  [
    "two severities with one receiver",
    withRouting(({ routes }) => ({ routes: routes.map((route) => ({ ...route, receiver: "slack" })) })),
    "routes-fit",
    "go to slack, as ",
  ],
  [
    "a route to a receiver that does not exist",
    withRouting(({ receivers }) => ({ receivers: receivers.filter(({ name }) => name !== "pagerduty") })),
    "routes-fit",
    "there is no such receiver",
  ],
  [
    "two ways in at once",
    withOptions({
      scrape: {
        authorization: { credentialsFile: "/run/token" },
        basicAuth: { username: "prometheus", passwordFile: "/run/password" },
      },
    }),
    "scrape-gets-in",
    "both authorization and basicAuth",
  ],
  [
    "a user without a password",
    withOptions({ scrape: { basicAuth: { username: "prometheus" } } }),
    "scrape-gets-in",
    "a user name or a password file, but not both",
  ],
  [
    "a certificate without its key",
    withOptions({ scrape: { scheme: "https", tls: { certFile: "/run/tls.crt" } } }),
    "scrape-gets-in",
    "a certificate without its key",
  ],
  [
    "TLS that is never used",
    withOptions({ scrape: { tls: { caFile: "/run/ca.crt" } } }),
    "scrape-gets-in",
    "the scheme is http",
  ],
  [
    "gateways scraped under the name of Prometheus",
    withOptions({ jobName: "prometheus" }),
    "scrape-jobs-fit",
    'jobName and watchers.prometheus.jobName are both "prometheus"',
  ],
  [
    "watchers scraped under one name",
    withOptions({ watchers: { prometheus: { jobName: "watchers" }, alertmanager: { jobName: "watchers" } } }),
    "scrape-jobs-fit",
    'watchers.prometheus.jobName and watchers.alertmanager.jobName are both "watchers"',
  ],
  [
    "scrapes that take longer than the next one comes",
    withOptions({ scrapeTimeout: "1m" }),
    "scrape-jobs-fit",
    "longer than scrapeInterval, which is 10s",
  ],
  [
    "grouping by a label that alerts do not have",
    withOptions({ notifications: { groupBy: ["alertname", "severity", "namespace"] } }),
    "routes-fit",
    "groups by namespace, which it does not have",
  ],
  [
    "a secret in the configuration",
    withOptions({ receivers: { critical: { pagerdutyRoutingKeyFile: "0123456789abcdef" } } }),
    "receivers-notify",
    "not given as the absolute path of a file",
  ],
  [
    "an empty receiver",
    withOptions({ receivers: { default: { webhookUrl: "" } } }),
    "receivers-notify",
    '"" is not an address',
  ],
  [
    "a page whose summary is blank when two alerts differ in it, as it once was",
    withSummary("{{ .CommonAnnotations.summary }}"),
    "texts-fit-groups",
    ".CommonAnnotations.summary is nothing in a group whose alerts differ in it",
  ],
  [
    "a page whose summary reads a label that groups do not have in common",
    withSummary("{{ .CommonLabels.mcp_server }} of {{ .CommonLabels.alertname }}"),
    "texts-fit-groups",
    ".CommonLabels.mcp_server is nothing",
  ],
  [
    "a page whose summary reads a label that the grouping no longer fixes",
    withRouting(({ receivers }) => ({
      groupBy: ["job"],
      receivers: receivers.map((each) => withText(each, "{{ .GroupLabels.alertname }}")),
    })),
    "texts-fit-groups",
    ".GroupLabels.alertname is nothing",
  ],
  [
    "a page whose fallback says nothing",
    withSummary('{{ or .CommonAnnotations.summary "" }}'),
    "texts-fit-groups",
    ".CommonAnnotations.summary is nothing",
  ],
  ["a page without a summary", withSummary(" "), "texts-fit-groups", "it is blank"],
  [
    "an inhibition by a label that nobody sets",
    withRouting(({ inhibitions }) => ({
      inhibitions: inhibitions.map((each) => ({ ...each, equal: [...each.equal, "provider"] })),
    })),
    "inhibitions-fit",
    "has no label provider",
  ],
  [
    "recording rules in the wrong order",
    { ...stack, recordingRules: stack.recordingRules.toReversed() },
    "recorded-before-use",
    "is recorded after it",
  ],
  [
    "a recorded series whose name hides a label",
    {
      ...stack,
      recordingRules: stack.recordingRules.map((rule, index) =>
        index === 0 ? { ...rule, record: rule.record.replace("job_status", "job") } : rule,
      ),
    },
    "records-are-named",
    'its level "job" does not name its labels job, status',
  ],
  [
    "a function that is newer than the oldest Prometheus",
    withAlert(compare(untyped(call("sort_by_label", series(serverState).node)), ">", 1)),
    "functions-are-known",
    "the function sort_by_label is not in the table",
  ],
  [
    "a divisor with 0.001 added",
    withAlert(compare(divide(errors, add(calls, 0.001)), ">", 0.1)),
    "ratios-are-guarded",
    "distorts the quotient at low traffic",
  ],
  [
    "a ratio that is NaN without traffic",
    withAlert(compare(divide(errors, calls), ">", 0.1)),
    "ratios-are-guarded",
    "the divisor may be 0",
  ],
  [
    "an alert on up that does not see a vanished target",
    withAlert(compare(series(prometheusMetrics.up), "==", 0)),
    "vanished-targets-are-seen",
    "gone from service discovery",
  ],
  [
    "a runbook that confirms with a metric that was renamed",
    withRunbook((runbook) => ({ confirm: [{ question: "", look: query(renamed(runbook.alert)) }] })),
    "metric-exists",
    "the metric mcp_hangar_calls_of_MCPHangarNotResponding does not exist",
  ],
  [
    "a runbook that tells causes apart by a label that is gone",
    withRunbook(() => ({ causes: [{ cause: "", look: query(untypedSum(["tool"])), sign: "", mend: "" }] })),
    "label-exists",
    "what sum aggregates has no label tool",
  ],
  [
    "a link to a runbook that nobody wrote",
    { ...stack, runbooks: stack.runbooks.filter(({ alert }) => alert !== "MCPHangarGCSlowCycles") },
    "runbooks-exist",
    "it has no runbook",
  ],
  [
    "an alert that nothing shows to resolve",
    withScenarios("MCPHangarHighErrorRate", (each) => (each.kind === "resolves" ? [] : [each])),
    "alerts-are-tried",
    'no scenario shows "resolves"',
  ],
  [
    "a scenario that expects nothing of an alert",
    withScenarios("MCPHangarHighErrorRate", (each) => [each.kind === "fires" ? { ...each, expect: [] } : each]),
    "alerts-are-tried",
    "does not end with a firing alert",
  ],
  [
    "a scenario that is left out without a reason",
    { ...stack, scenarioWaivers: stack.scenarioWaivers.map((waiver) => ({ ...waiver, reason: " " })) },
    "alerts-are-tried",
    "is left out without a reason",
  ],
  [
    "a reason for something that is told",
    {
      ...stack,
      scenarioWaivers: [
        { alert: "MCPHangarHighErrorRate", kind: "no traffic", reason: "why not" },
        ...stack.scenarioWaivers,
      ],
    },
    "alerts-are-tried",
    "is both told and left out",
  ],
  [
    "scenarios of an alert that is gone",
    {
      ...stack,
      scenarioWaivers: [{ alert: "MCPHangarGone", kind: "no traffic", reason: "why not" }, ...stack.scenarioWaivers],
    },
    "alerts-are-tried",
    "there is no such alert",
  ],
  [
    "an alert on servers that are not ready, which is what idle servers are",
    withExpr("MCPHangarMcpServerDead", compare(max(series(serverState), by("job", "mcp_server")), "<", 2)),
    "idle-is-silent",
    "it fires on an idle, healthy fleet",
  ],
  [
    "an alert on failed batches, which does not see those that fail in part",
    withExpr(
      "MCPHangarBatchHighFailureRate",
      compare(sum(rate(series(catalog.batchCalls, { result: "failure" }), "5m"), perJob), ">", 1),
    ),
    "scenarios-feed-alerts",
    "it reads mcp_hangar_batch_calls_total, of which no scenario that makes it fire has a series",
  ],
  [
    "an alert on the first event of a counter that is born with it",
    withAlert(compare(sum(increase(series(catalog.rateLimitHits), "5m"), perJob), ">", 0)),
    "first-events-are-seen",
    "is born with the first event of each principal",
  ],
  [
    "an alert on metrics that are lost, which are scraped, that looks as if it could fire",
    withAlert(compare(sum(increase(series(catalog.telemetryDropped, { signal: "metrics" }), "15m"), perJob), ">", 0)),
    "dormant-alerts-say-so",
    "it selects the signal metrics, of which no exporter of this release has a series",
  ],
  [
    "an alert that is said to be dormant and can fire",
    {
      ...stack,
      alerts: stack.alerts.map((alert) =>
        alert.id === "MCPHangarAuditRecordsDropped" ? { ...alert, dormant: "it sleeps" } : alert,
      ),
    },
    "dormant-alerts-say-so",
    "it is said to be dormant, and all that it reads exists",
  ],
  [
    "exporters that nobody watches",
    without("MCPHangarTelemetryExportFailing"),
    "telemetry-is-watched",
    "no alert reads it, so that nobody hears when telemetry itself fails",
  ],
  [
    "records of the history that are lost while nobody watches",
    withExpr(
      "MCPHangarTelemetryRecordsDropped",
      compare(
        sum(
          increase(series(catalog.telemetryDropped, { signal: noneOf("audit", "history") }), "15m"),
          by("job", "exporter", "signal"),
        ),
        ">",
        0,
      ),
    ),
    "telemetry-is-watched",
    "no alert reads it, so that nobody hears when telemetry itself fails",
  ],
];

/** Why a build is refused. */
function failureOf(broken: Stack): ChecksFailed {
  try {
    assertSound(broken);
  } catch (error) {
    if (error instanceof ChecksFailed) return error;
    throw error;
  }
  throw new Error("the stack is taken for sound");
}

describe("a build with a defect fails and says what to mend:", () => {
  test.each(DEFECTS)("%s", (_defect, broken, check, says) => {
    const { violations, message } = failureOf(broken);
    const found = violations.filter((violation) => violation.check === check);
    expect(found.map(({ problem, mend }) => `${problem}; ${mend}`).join("\n")).toContain(says);
    // Nothing else is blamed, so that the message leads to the defect.
    expect([...new Set(violations.map(({ check: name }) => name))]).toEqual([check]);
    expect(message).toContain(says);
  });

  test("every check has found a defect above", () => {
    const found = new Set(DEFECTS.map(([, , check]) => check));
    expect(checks.map(({ name }) => name).filter((name) => !found.has(name))).toEqual([]);
    expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
  });
});

test("a violation names the rule, the expression and the mend", () => {
  const [violation] = runChecks(withAlert(compare(divide(errors, calls), ">", 0.1))) as readonly [Violation];
  expect(describeViolation(violation).split("\n")).toEqual([
    "alert defect: the divisor may be 0, and 0 / 0 is NaN [ratios-are-guarded]",
    "  mend: use `share` or `portion`",
    expect.stringContaining('  option: alerts.HighLatencyByTool is {"severity":"warning",'),
    "  expression:",
    "    sum by (job) (rate(mcp_hangar_tool_call_errors_total[5m]))",
    "    /",
    "    sum by (job) (rate(mcp_hangar_tool_calls_total[5m]))",
    "    > 0.1",
  ]);
});

test("what may be divided is divided: by available CPUs, by a number, by what is above zero", () => {
  const usage = divide(rate(series(runtime.processCpu), "5m"), series(runtime.availableCpus));
  expect(runChecks(withAlert(compare(usage, ">", 0.8)))).toEqual([]);
  expect(runChecks(withAlert(compare(divide(calls, 60), ">", 0.8)))).toEqual([]);
});

test("an alert without a runbook, a runbook without an alert, and two for one alert are found", () => {
  const name = "MCPHangarWatchdog";
  const alerts = stack.alerts.filter((alert) => alert.name === name);
  const runbooks = stack.runbooks.filter(({ alert }) => alert === name);
  const problems = (changed: Partial<Stack>) =>
    runbooksExist.run({ ...stack, ...changed }).map(({ problem }) => problem);
  expect(problems({ alerts, runbooks })).toEqual([]);
  expect(problems({ alerts, runbooks: [] })).toEqual(["it has no runbook"]);
  expect(problems({ alerts: [], runbooks })).toEqual(["there is no such alert"]);
  expect(problems({ alerts, runbooks: [...runbooks, ...runbooks] })).toEqual(["it is written twice"]);
});

/** The stack without an alert and all that belongs to it. */
function without(name: string): Stack {
  const isOther = ({ alert }: { readonly alert: string }): boolean => alert !== name;
  return {
    ...stack,
    alerts: stack.alerts.filter((alert) => alert.name !== name),
    scenarios: stack.scenarios.filter(isOther),
    scenarioWaivers: stack.scenarioWaivers.filter(isOther),
    runbooks: stack.runbooks.filter(isOther),
  };
}

function untypedSum(labels: readonly string[]) {
  const of = rate(series(batchItems), "5m").node;
  return vector<string, "rate">({
    kind: "aggregate",
    operator: "sum",
    grouping: { kind: "by", labels },
    parameter: undefined,
    of,
  });
}

function selector(label: string, value: string): Node {
  return { ...series(serverState).node, matchers: [{ label, operator: "=", values: [value] }] };
}

function ratedCalls(label: string, value: string): Node {
  return call("rate", {
    ...series(toolCalls).node,
    matchers: [{ label, operator: "=", values: [value] }],
    range: "5m",
  });
}

function ratedBucket(le: string): Node {
  const all = buckets(catalog.toolCallDuration).node;
  return call("rate", { ...all, matchers: [{ label: "le", operator: "=", values: [le] }], range: "5m" });
}

function quantileWithoutLe(): Node {
  return { ...call("histogram_quantile", sum(rate(buckets(healthCheckDuration), "5m"), perJob).node) };
}

function call(name: string, ...given: readonly Node[]): Node {
  return { kind: "call", name, arguments: given };
}
