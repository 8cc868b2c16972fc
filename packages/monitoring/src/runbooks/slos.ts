import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import type { AlertName, SloName } from "../names.ts";
import { by, sum, topk } from "../promql/aggregate.ts";
import { prometheusMetrics, runtime } from "../promql/external.ts";
import { avgOverTime, changes, increase, rate } from "../promql/functions.ts";
import { shareBeyond } from "../promql/operators.ts";
import type { Expression } from "../promql/vector.ts";
import { percent } from "../slo/decimal.ts";
import type { SloRecords } from "../slo/recording-rules.ts";
import { sloRecords } from "../topics/slos.ts";
import { log, query, see, shell } from "./look.ts";

/** Error budgets that are spent too fast: one page an objective. */
export function slos(context: Context): readonly Runbook[] {
  return sloRecords(context).map((records) => {
    const { alert, ...own } = pages[records.slo.name](context);
    return { alert, ...common(context, records, own.breakdown), ...own };
  });
}

interface OwnPart extends Pick<Runbook, "impact" | "causes" | "actions" | "escalate"> {
  readonly alert: AlertName;
  readonly breakdown: { readonly question: string; readonly expr: Expression };
}

/** What an error budget is does not differ between objectives. */
function common(
  { options, rules }: Context,
  { slo, errorRatio, budgetRemaining }: SloRecords,
  { question, expr }: OwnPart["breakdown"],
): Pick<Runbook, "meaning" | "confirm" | "resolves"> {
  const labels = { slo: slo.name };
  const { baseWindow } = options.burn;
  const shorts = slo.windows.map(({ short }) => short);
  return {
    meaning: `The objective "${slo.title}" allows ${percent(slo.budget)} % in ${slo.period}, and that budget is being spent too fast.`,
    confirm: [
      {
        question: `How much of the budget of ${slo.period} is left? (1: all, below 0: the objective is missed)`,
        look: query(rules.series(budgetRemaining.metric, labels)),
      },
      {
        question: `Does it still go on? (bad share of the last ${baseWindow}; allowed ${percent(slo.budget)} %)`,
        look: query(rules.series(errorRatio(baseWindow).metric, labels)),
      },
      { question, look: query(expr) },
    ],
    resolves: `When the short window of its rule (${shorts.join(", ")}) is good enough; the budget itself returns only as bad time leaves the ${slo.period}.`,
  };
}

const pages: Readonly<Record<SloName, (context: Context) => OwnPart>> = {
  availability: ({ rules }) => ({
    alert: "MCPHangarAvailabilityBudgetBurn",
    impact: `The gateway is away too often or for too long, though perhaps never long enough for ${see("NotResponding")}.`,
    breakdown: {
      question: "Which gateways were away in the last 6h? (1: never)",
      expr: avgOverTime(rules.series(prometheusMetrics.up), "6h"),
    },
    causes: [
      {
        cause: "It is down now",
        look: query(rules.series(prometheusMetrics.up)),
        sign: "0, or no result.",
        mend: `Follow ${see("NotResponding")}.`,
      },
      {
        cause: "It restarts again and again",
        look: query(changes(rules.series(runtime.processStartTime), "6h")),
        sign: "More than the restarts you know of.",
        mend: "`fatal_error` in its log is a crash; without it look for kills for want of memory.",
      },
      {
        cause: "Scrapes time out",
        look: query(rules.series(prometheusMetrics.scrapeDuration)),
        sign: "A scrape takes seconds while the gateway works for agents.",
        mend: `Follow ${see("HighCPUUsage")} or ${see("MetricSeriesLimitReached")}.`,
      },
      {
        cause: "Deployments interrupt it",
        look: log(["shutdown_started", "gateway_started"], "cause", "version"),
        sign: "Stops that were asked for, each followed by a start.",
        mend: "Run two gateways, and replace them one after the other.",
      },
    ],
    actions: ["Stop what takes it down (a deployment, a job on its host) before you search further."],
    escalate: "The budget is spent: no deployments until it is positive again; tell the owner of the gateway.",
  }),

  latency: ({ options, rules }): OwnPart => {
    const { limit } = options.slos.latency;
    const { toolCallDuration: duration } = catalog;
    const within = sum(rate(rules.bucketUpTo(duration, limit), "1h"), by("mcp_server"));
    const all = sum(rate(rules.observations(duration), "1h"), by("mcp_server"));
    return {
      alert: "MCPHangarLatencyBudgetBurn",
      impact: `Agents have waited longer than ${limit} s for too many calls, for hours rather than minutes.`,
      breakdown: { question: "Which servers were slow in the last hour?", expr: shareBeyond(within, all) },
      causes: [
        {
          cause: "It is slow now",
          look: shell("mcp-hangar status"),
          sign: `${see("HighLatencyP95")} fires as well.`,
          mend: "Follow it: it tells slow servers, full slots and a slow gateway apart.",
        },
        {
          cause: "A server is always a little too slow",
          sign: "The share is steady for days; one server or tool owns it.",
          mend: "It is no incident: agree with its owner on a faster tool or another objective.",
        },
        {
          cause: "A load that comes at certain hours",
          look: query(sum(rate(rules.observations(duration), "5m"), by("mcp_server"))),
          sign: "The share rises with the calls, every day at the same time.",
          mend: "More concurrency or more gateways for those hours, or spread the load.",
        },
      ],
      actions: ["Find the server in the last query above, then the tool on its dashboard."],
      escalate: "Less than a tenth of the budget is left and the cause is not known.",
    };
  },

  errors: ({ rules }): OwnPart => {
    const failed = increase(rules.series(catalog.toolCallErrors), "6h");
    return {
      alert: "MCPHangarErrorsBudgetBurn",
      impact: "Too many tool calls fail for an objective over weeks: either many now, or a few all the time.",
      breakdown: {
        question: "What failed in the last 6h?",
        expr: topk(10, sum(failed, by("mcp_server", "tool", "error_type"))),
      },
      causes: [
        {
          cause: "Something is broken now",
          look: shell("mcp-hangar status"),
          sign: `A server is \`dead\` or \`degraded\`, or ${see("HighErrorRate")} fires as well.`,
          mend: "Follow that alert.",
        },
        {
          cause: "One tool fails all the time",
          look: log("tool_failed", "mcp_server", "tool", "error_type", "message"),
          sign: "`tool_error` of one tool makes most of the failures.",
          mend: "Its owner repairs it, or stops agents from using it wrongly; `tools.deny` hides it meanwhile.",
        },
        {
          cause: "Timeouts",
          look: log("tool_timed_out", "mcp_server", "tool", "duration_ms"),
          sign: "`timeout` makes most of them.",
          mend: `Follow ${see("HighLatencyByTool")}.`,
        },
        {
          cause: "A server that comes and goes",
          look: query(changes(rules.series(catalog.serverState), "6h")),
          sign: "Its state changes many times, its errors are `connection`, `start_failed` or `circuit_open`.",
          mend: `Follow ${see("FrequentColdStarts")} or ${see("CircuitBreakerTripped")}.`,
        },
      ],
      actions: ["Take the first line of the last query above: it is often most of the budget."],
      escalate: "The failures are spread over all servers, or their error type is `internal`.",
    };
  },

  batch_success: ({ rules }): OwnPart => {
    const errors = increase(rules.series(catalog.toolCallErrors), "6h");
    return {
      alert: "MCPHangarBatchSuccessBudgetBurn",
      impact: "Batches have come back with failed or timed-out items too often.",
      breakdown: {
        question: "How did items end in the last 6h?",
        expr: sum(increase(rules.series(catalog.batchItems), "6h"), by("status")),
      },
      causes: [
        {
          cause: "They fail now",
          look: query(topk(10, sum(errors, by("mcp_server", "error_type")))),
          sign: `${see("BatchHighFailureRate")} fires as well; one server has most errors.`,
          mend: "Follow that alert.",
        },
        {
          cause: "Deadlines of batches are too short",
          look: query(sum(increase(rules.series(catalog.batchCancellations), "6h"), by("reason"))),
          sign: "Items end as `timeout`, and batches are cut short by `timeout`.",
          mend: `Follow ${see("BatchSlowExecution")}.`,
        },
        {
          cause: "One agent sends items that cannot succeed",
          look: log("batch_finished", "result", "size", "items"),
          sign: "The same few batches fail again and again.",
          mend: "Tell its owner.",
        },
      ],
      actions: ["See first whether single calls fail too; then it is not about batches."],
      escalate: "Less than a tenth of the budget is left and the cause is not known.",
    };
  },
};
