import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { by, max, sum, topk } from "../promql/aggregate.ts";
import { histogramQuantile, increase, maxOverTime, rate } from "../promql/functions.ts";
import { complementOf, percent } from "../slo/decimal.ts";
import { log, query, see, shell } from "./look.ts";

const { batchItems, batchCalls, batchCancellations, batchDuration, batchSize, batchConcurrency } = catalog;

/** Batches of calls. */
export function batches(context: Context): readonly Runbook[] {
  return [failureRate(context), cancellationRate(context), slowExecution(context), tooLarge(context)];
}

function failureRate({ options, rules }: Context): Runbook {
  const setting = options.alerts.BatchHighFailureRate;
  const errors = rate(rules.series(catalog.toolCallErrors), setting.window);
  const refused = increase(rules.series(catalog.batchCircuitBreakerRejections), setting.window);
  return {
    alert: "MCPHangarBatchHighFailureRate",
    meaning: `Over ${setting.window}, more than ${percent(setting.share)} % of the items in batches failed or timed out.`,
    impact: "Agents get batches back with holes. Items that were refused or cancelled are not counted.",
    confirm: [
      {
        question: "How do the items end, a second?",
        look: query(sum(rate(rules.series(batchItems), setting.window), by("status"))),
      },
      {
        question: "Which servers fail calls, and how? Calls outside batches are in here too.",
        look: query(topk(10, sum(errors, by("mcp_server", "error_type")))),
      },
    ],
    causes: [
      {
        cause: "A server that many batches use is down",
        look: query(sum(refused, by("mcp_server"))),
        sign: "One server has most errors; refusals here mean that its breaker is open.",
        mend: `Follow ${see("CircuitBreakerTripped")} or ${see("McpServerDead")}.`,
      },
      {
        cause: "The batch's deadline is too short for its items",
        look: log("batch_finished", "result", "size", "duration_ms", "items"),
        sign: "Most items are `timeout`, and batches last about as long as each other: their deadline.",
        mend: `Larger timeout or smaller batches in the agent; if single calls are slow too, ${see("HighLatencyP95")}.`,
      },
      {
        cause: "The agent sends items that cannot succeed",
        look: log("tool_failed", "batch_id", "mcp_server", "tool", "message"),
        sign: "`tool_error` with complaints about arguments, from few callers.",
        mend: "Tell the owner of the agent.",
      },
    ],
    actions: [
      "Repair the server with the most errors; batches have no faults of their own beside their deadline.",
      `If ${see("HighErrorRate")} fires too, follow it instead: single calls fail as well.`,
    ],
    escalate: "Several servers fail at once without a cause that they share in `mcp-hangar status`.",
    resolves: `When the share is below the limit, or no batch ran for ${setting.window}.`,
  };
}

function cancellationRate({ options, rules }: Context): Runbook {
  const setting = options.alerts.BatchHighCancellationRate;
  return {
    alert: "MCPHangarBatchHighCancellationRate",
    meaning: `Over ${setting.window}, more than ${percent(setting.share)} % of the batches were cut short.`,
    impact: "Items that had not run when a batch was cut short did not run at all; agents have to send them again.",
    confirm: [
      {
        question: "What cuts them short?",
        look: query(sum(rate(rules.series(batchCancellations), setting.window), by("reason"))),
      },
      {
        question: "How do batches end?",
        look: query(sum(rate(rules.series(batchCalls), setting.window), by("result"))),
      },
    ],
    causes: [
      {
        cause: "Their deadline passes",
        look: query(max(rules.series(batchConcurrency), by("instance"))),
        sign: "`timeout`. Few items executing at once: the batches are too narrow. Many: the servers are slow.",
        mend: `A higher concurrency or a longer timeout in the agent; for slow servers ${see("BatchSlowExecution")}.`,
      },
      {
        cause: "One failed item ends the batch",
        look: log("tool_failed", "batch_id", "mcp_server", "tool", "error_type", "message"),
        sign: "`fail_fast`: the agent asked for it. Each such batch has one failed item.",
        mend: `Find the failing server with ${see("BatchHighFailureRate")}.`,
      },
      {
        cause: "Agents leave",
        look: log("batch_finished", "result", "duration_ms", "cancellation"),
        sign: "`client`: the agent closed its connection or cancelled. Durations that are all alike are a timeout of the agent or a proxy.",
        mend: "Raise that timeout, or make batches smaller.",
      },
    ],
    actions: ["Follow the greatest reason; the other two are then mostly noise."],
    escalate: "Not at night.",
    resolves: `When the share is below the limit, or no batch ran for ${setting.window}.`,
  };
}

function slowExecution({ options, rules }: Context): Runbook {
  const { quantile, limit, window } = options.alerts.BatchSlowExecution;
  const inBuckets = sum(rate(rules.buckets(batchDuration), window), by("le"));
  const callBuckets = sum(rate(rules.buckets(catalog.toolCallDuration), window), by("mcp_server", "le"));
  const sizes = sum(rate(rules.buckets(batchSize), window), by("le"));
  return {
    alert: "MCPHangarBatchSlowExecution",
    meaning: `More than ${percent(complementOf(quantile))} % of the batches took longer than ${limit} s over ${window}.`,
    impact: "Agents wait for the slowest item of their batch, and may give up before it.",
    confirm: [
      {
        question: `How long do batches take? (${percent(quantile)}th percentile, s)`,
        look: query(histogramQuantile(quantile, inBuckets)),
      },
      { question: "How long do single calls take, by server?", look: query(histogramQuantile(quantile, callBuckets)) },
    ],
    causes: [
      {
        cause: "One server is slow, and every batch waits for it",
        sign: "One server stands out in the second query.",
        mend: `Follow ${see("HighLatencyByTool")} for it.`,
      },
      {
        cause: "Batches have grown",
        look: query(histogramQuantile(quantile, sizes)),
        sign: "Single calls are as fast as ever, batches are larger than before.",
        mend: `Smaller batches or a higher concurrency in the agent; see ${see("BatchSizeTooLarge")}.`,
      },
      {
        cause: "Items wait for slots",
        look: shell("mcp-hangar status"),
        sign: "IN FLIGHT of a server is at its `max_concurrency`, or all together at `execution.max_concurrency`.",
        mend: "Raise the limit that is reached, if the server can bear it.",
      },
      {
        cause: "Servers start for the batch",
        look: query(sum(rate(rules.series(catalog.serverStarts), window), by("mcp_server", "result"))),
        sign: "Starts about as frequent as batches.",
        mend: "A longer `idle_ttl_s`.",
      },
    ],
    actions: ["Decide by the two queries whether the calls or the batches changed, then follow that cause."],
    escalate: "Not at night.",
    resolves: `When batches are fast again, or none ran for ${window}.`,
  };
}

function tooLarge({ options, rules }: Context): Runbook {
  const { quantile, limit, window } = options.alerts.BatchSizeTooLarge;
  const sizes = sum(rate(rules.buckets(batchSize), window), by("le"));
  return {
    alert: "MCPHangarBatchSizeTooLarge",
    meaning: `More than ${percent(complementOf(quantile))} % of the batches had more than ${limit} items over ${window}.`,
    impact: "None yet. Large batches run long, hold many slots, and lose more when they are cut short.",
    confirm: [
      {
        question: `How large are batches? (${percent(quantile)}th percentile)`,
        look: query(histogramQuantile(quantile, sizes)),
      },
      {
        question: "How many items execute at once?",
        look: query(maxOverTime(rules.series(batchConcurrency), window)),
      },
    ],
    causes: [
      {
        cause: "One agent sends large batches",
        look: shell(
          `jq -r 'select(.batch_id) | [.caller, .session, .batch_id] | join(" ")' gateway.log |`,
          "  tail -n 20000 | sort | uniq -c | sort -rn | head",
        ),
        sign: "One session owns the largest batches.",
        mend: "Ask its owner for smaller ones.",
      },
      {
        cause: "Agents in general work with more items now",
        sign: "Many sessions, after a change of a prompt or a tool.",
        mend: "Raise the limit of this alert, if latency and failures of batches are fine.",
      },
    ],
    actions: [
      `Look whether ${see("BatchSlowExecution")} or ${see("BatchHighFailureRate")} fire as well; if so, start there.`,
    ],
    escalate: "Not at night.",
    resolves: `When batches are smaller, or none ran for ${window}.`,
  };
}
