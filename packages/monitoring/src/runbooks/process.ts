import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { by, max, sum, topk } from "../promql/aggregate.ts";
import { prometheusMetrics, runtime } from "../promql/external.ts";
import { rate } from "../promql/functions.ts";
import { portion } from "../promql/operators.ts";
import { percent } from "../slo/decimal.ts";
import { limits } from "./limits.ts";
import { query, see, shell } from "./look.ts";

/** What the gateway's process takes of its machine. */
export function process(context: Context): readonly Runbook[] {
  return [memory(context), cpu(context), ...limits(context)];
}

function memory({ options, rules }: Context): Runbook {
  const { level } = options.alerts.HighMemoryUsage;
  return {
    alert: "MCPHangarHighMemoryUsage",
    meaning: `The gateway's process holds more than ${(level / 2 ** 30).toPrecision(4)} GiB of memory; its servers' processes are not counted.`,
    impact:
      "Garbage collection slows calls down. At the limit of the container or the heap the process is killed, and all calls in flight with it.",
    confirm: [
      { question: "How much does each gateway hold?", look: query(rules.series(runtime.processResidentMemory)) },
      {
        question: "How full is the JavaScript heap? At 1 the process dies.",
        look: query(portion(rules.series(runtime.heapUsed), rules.series(runtime.heapLimit))),
      },
      {
        question: "How much are buffers, that is, messages in flight?",
        look: query(rules.series(runtime.externalMemory)),
      },
    ],
    causes: [
      {
        cause: "Large results in flight",
        look: shell("mcp-hangar status"),
        sign: "Buffers are most of it and go up and down with the calls; IN FLIGHT is high.",
        mend: "Lower `execution.max_concurrency`, or let the tool return less.",
      },
      {
        cause: "Too many series",
        look: query(rules.series(prometheusMetrics.scrapeSamples)),
        sign: "A scrape has hundreds of thousands of samples.",
        mend: `Lower \`observability.metrics.tools_limit\`; follow ${see("MetricSeriesLimitReached")}.`,
      },
      {
        cause: "The log cannot be written",
        look: query(max(rules.series(catalog.telemetryQueueSize), by("instance", "exporter"))),
        sign: "A queue stays near its capacity.",
        mend: `Follow ${see("TelemetryExportFailing")}.`,
      },
      {
        cause: "A leak",
        look: query(rules.series(runtime.processStartTime)),
        sign: "The heap has grown steadily since the process started (the value is a Unix time), without a growth of calls.",
        mend: "Restart it outside of busy hours, and report it with the graph of the heap and the version.",
      },
    ],
    actions: [
      "If the heap is near its end or memory near the limit of the container, restart now: SIGTERM lets calls finish for `http.shutdown_timeout_s`, an out-of-memory kill does not.",
    ],
    escalate: "It is back above the threshold within an hour of a restart.",
    resolves: "When memory is below the threshold; after a leak only with a restart.",
  };
}

function cpu({ options, rules }: Context): Runbook {
  const { share, window } = options.alerts.HighCPUUsage;
  const gcTime = sum(rate(rules.total(runtime.gcDuration), window), by("instance", "kind"));
  return {
    alert: "MCPHangarHighCPUUsage",
    meaning: `The gateway has used more than ${percent(share)} % of the CPU that it may use.`,
    impact:
      "Every call waits a little longer, then much longer. Most of the gateway runs on one core, so on several cores it saturates far below 100 %.",
    confirm: [
      {
        question: "How busy is the event loop? Above 0.9 it is saturated.",
        look: query(rate(rules.series(runtime.eventLoopActive), window)),
      },
      { question: "How late is it? (s)", look: query(rules.series(runtime.eventLoopLagP99)) },
      {
        question: "Which tools are called most?",
        look: query(topk(10, sum(rate(rules.series(catalog.toolCalls), window), by("mcp_server", "tool")))),
      },
    ],
    causes: [
      {
        cause: "More calls",
        sign: "CPU follows the calls.",
        mend: `Follow ${see("HighToolCallVolume")}; add a gateway or raise its CPU quota.`,
      },
      {
        cause: "Garbage collection",
        look: query(gcTime),
        sign: "A tenth of a second or more a second goes into it.",
        mend: `Follow ${see("HighMemoryUsage")}.`,
      },
      {
        cause: "The scrape is expensive",
        look: query(max(rules.series(prometheusMetrics.scrapeDuration), by("instance"))),
        sign: "A scrape takes a second or more.",
        mend: `Follow ${see("MetricSeriesLimitReached")}.`,
      },
      {
        cause: "Servers are started all the time",
        look: query(sum(rate(rules.series(catalog.serverStarts), window), by("mcp_server", "result"))),
        sign: "More than a few starts a minute.",
        mend: `Follow ${see("FrequentColdStarts")}.`,
      },
      {
        cause: "Verbose logging",
        look: query(sum(rate(rules.series(catalog.telemetryEvents), window), by("instance", "exporter"))),
        sign: "Several log lines for each call.",
        mend: "Set `logging.level` back to `info`.",
      },
    ],
    actions: [
      "If calls suffer now, limit the callers: `rate_limit.enabled` with `rate_limit.requests_per_second`, and a restart.",
    ],
    escalate:
      "The event loop is saturated without a growth of calls: wake the owner of the gateway, take a CPU profile before the restart.",
    resolves: `When usage is below the limit, over ${window}.`,
  };
}
