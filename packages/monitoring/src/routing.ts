import type { Inhibition, Receiver, Routing } from "./model.ts";
import type { AlertName } from "./names.ts";
import { pagerDutyTexts, slackTexts } from "./notification-texts.ts";
import type { MonitoringOptions } from "./settings/options.ts";

/** Where each severity goes, and which alerts are not worth a notification while a graver one tells the same. */
export function routingOf(options: MonitoringOptions): Routing {
  const { receivers, notifications } = options;
  return {
    ...notifications,
    defaultReceiver: "default",
    routes: [
      {
        match: { severity: "none" },
        receiver: "heartbeat",
        groupBy: ["alertname"],
        groupWait: "0s",
        groupInterval: "1m",
        repeatInterval: receivers.heartbeat.repeatInterval,
      },
      { match: { severity: "critical" }, receiver: "pagerduty" },
      { match: { severity: "warning" }, receiver: "slack" },
      { match: { severity: "info" }, receiver: "info" },
    ],
    receivers: receiversOf(options),
    inhibitions,
  };
}

function receiversOf(options: MonitoringOptions): readonly Receiver[] {
  const { critical, warning, info, heartbeat, default: others } = options.receivers;
  return [
    { name: "default", kind: "webhook", url: others.webhookUrl, sendResolved: true },
    {
      name: "pagerduty",
      kind: "pagerduty",
      routingKeyFile: critical.pagerdutyRoutingKeyFile,
      url: critical.pagerdutyUrl,
      severity: "critical",
      texts: pagerDutyTexts(options),
    },
    {
      name: "slack",
      kind: "slack",
      apiUrlFile: warning.slackApiUrlFile,
      channel: warning.slackChannel,
      texts: slackTexts(options),
    },
    // That a start is no longer recent is no news.
    { name: "info", kind: "webhook", url: info.webhookUrl, sendResolved: false },
    { name: "heartbeat", kind: "webhook", url: heartbeat.webhookUrl, sendResolved: false },
  ];
}

const budgetBurns: readonly AlertName[] = [
  "MCPHangarAvailabilityBudgetBurn",
  "MCPHangarLatencyBudgetBurn",
  "MCPHangarErrorsBudgetBurn",
  "MCPHangarBatchSuccessBudgetBurn",
];

/** Alerts that name the server which is at fault, the gravest first. */
const serverIsDown: readonly AlertName[] = [
  "MCPHangarProviderUnhealthy",
  "MCPHangarCircuitBreakerTripped",
  "MCPHangarMcpServerDead",
  "MCPHangarRemoteServerUnreachable",
];

const inhibitions: readonly Inhibition[] = [
  // Who fails is said best by the one that knows why.
  {
    sources: serverIsDown,
    targets: ["MCPHangarMcpServerFailing", "MCPHangarToolFailing", "MCPHangarMcpServerFlapping"],
    equal: ["job", "mcp_server"],
  },
  { sources: ["MCPHangarMcpServerFailing"], targets: ["MCPHangarToolFailing"], equal: ["job", "mcp_server"] },
  { sources: ["MCPHangarHighErrorRate"], targets: ["MCPHangarGatewayFailing"], equal: ["job"] },
  // A server that is so busy that its failures alone page: its breaker says it as soon, its health checks say it later.
  {
    sources: ["MCPHangarCircuitBreakerTripped"],
    targets: ["MCPHangarHighErrorRate"],
    targetMatch: { about: "server" },
    equal: ["job", "mcp_server"],
  },
  {
    sources: ["MCPHangarHighErrorRate"],
    sourceMatch: { about: "server" },
    targets: [
      "MCPHangarProviderUnhealthy",
      "MCPHangarHighConsecutiveFailures",
      "MCPHangarMcpServerDead",
      "MCPHangarRemoteServerUnreachable",
    ],
    equal: ["job", "mcp_server"],
  },
  {
    sources: ["MCPHangarMcpServerCrashLooping"],
    targets: [
      "MCPHangarMcpServerFlapping",
      "MCPHangarFrequentColdStarts",
      "MCPHangarMcpServerFailing",
      "MCPHangarToolFailing",
    ],
    equal: ["job", "mcp_server"],
  },
  {
    sources: ["MCPHangarNotResponding", "MCPHangarGatewayRestarting"],
    targets: ["MCPHangarAvailabilityBudgetBurn"],
    equal: ["job"],
  },
  // Not the other way round as well: alerts that hold each other back would both be silent.
  {
    sources: ["MCPHangarCircuitBreakerTripped"],
    targets: ["MCPHangarProviderUnhealthy", "MCPHangarHighConsecutiveFailures", "MCPHangarMcpServerDead"],
    equal: ["job", "mcp_server"],
  },
  // What fails now spends the budget too, and somebody is there already.
  {
    sources: ["MCPHangarHighErrorRate"],
    targets: ["MCPHangarErrorsBudgetBurn", "MCPHangarBatchHighFailureRate", "MCPHangarBatchSuccessBudgetBurn"],
    equal: ["job"],
  },
  { sources: ["MCPHangarBatchHighFailureRate"], targets: ["MCPHangarBatchSuccessBudgetBurn"], equal: ["job"] },
  {
    sources: ["MCPHangarProviderUnhealthy"],
    targets: ["MCPHangarHighConsecutiveFailures", "MCPHangarMcpServerDead", "MCPHangarMcpServerDegraded"],
    equal: ["job", "mcp_server"],
  },
  {
    sources: ["MCPHangarProviderUnhealthy", "MCPHangarCircuitBreakerTripped"],
    targets: ["MCPHangarRemoteServerUnreachable"],
    equal: ["job", "mcp_server"],
  },
  {
    sources: budgetBurns,
    sourceMatch: { severity: "critical" },
    targets: budgetBurns,
    targetMatch: { severity: "warning" },
    equal: ["job", "slo"],
  },
];
