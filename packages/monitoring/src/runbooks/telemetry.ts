import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { by, count, max, sum, topk } from "../promql/aggregate.ts";
import { prometheusMetrics } from "../promql/external.ts";
import { increase, rate, secondsSince } from "../promql/functions.ts";
import { portion } from "../promql/operators.ts";
import { not } from "../promql/select.ts";
import { log, query, see, shell } from "./look.ts";

/** Telemetry that does not arrive. */
export function telemetry(context: Context): readonly Runbook[] {
  return [
    exportFailing(context),
    auditDropped(context),
    recordsDropped(context),
    listenerErrors(context),
    seriesLimit(context),
  ];
}

function exportFailing({ options, rules }: Context): Runbook {
  const { window, silence } = options.alerts.TelemetryExportFailing;
  const failures = increase(rules.series(catalog.telemetryFailures), window);
  const fill = portion(rules.series(catalog.telemetryQueueSize), rules.series(catalog.telemetryQueueCapacity));
  return {
    alert: "MCPHangarTelemetryExportFailing",
    meaning: `The exporter in the alert failed within ${window} and has delivered nothing for more than ${silence}.`,
    impact: `Calls are not affected. Records wait in its queue; when that is full they are lost. If its signal is audit, ${see("AuditRecordsDropped")} pages then, otherwise ${see("TelemetryRecordsDropped")} warns.`,
    confirm: [
      { question: "Why does it fail?", look: query(sum(failures, by("exporter", "signal", "reason"))) },
      { question: "How full is its queue? At 1 it loses records.", look: query(fill) },
      {
        question: "How long has it delivered nothing? (s)",
        look: query(max(secondsSince(rules.series(catalog.telemetryLastSuccess)), by("exporter"))),
      },
    ],
    causes: [
      {
        cause: "The collector is away",
        look: shell("curl -sS -m 5 -o /dev/null -w '%{http_code}\\n' COLLECTOR_URL"),
        sign: "`connection` or `timeout`; `curl` from the gateway's host fails too.",
        mend: "Start it, or correct the address of the exporter. It resumes by itself.",
      },
      {
        cause: "The collector refuses",
        sign: "`rejected`: wrong credentials, wrong path, or records that are too large for it.",
        mend: "Read the collector's log; renew the key.",
      },
      {
        cause: "Collector or SIEM system do not get audit records or log lines",
        look: log(["otlp_audit_failing", "audit_sink_failing", "otlp_logs_failing"], "message"),
        sign: "The exporter is otlp_audit, otlp_logs or begins with audit_sink; the line says what the receiver answered, or why it was not reached.",
        mend: "As above. With `observability.otlp_audit.spool_folder` or `compliance.journal` records wait on the disk, also over a restart of the gateway; without them, a restart loses them. Log lines are given up after five minutes; all of them are on stderr and in `logging.file`.",
      },
      {
        cause: "Langfuse does not accept the keys",
        look: log(["langfuse_keys_refused", "langfuse_unreachable"], "message"),
        sign: "`rejected` of the exporters langfuse and langfuse_scores; readiness says HTTP 401 or 403.",
        mend: "Keys and host have to be of one project: correct `LANGFUSE_PUBLIC_KEY`, `LANGFUSE_SECRET_KEY` and `LANGFUSE_HOST`, and restart. A 403 may also mean that the project has used up its plan.",
      },
      {
        cause: "A file or stderr cannot be written",
        look: shell("df -h"),
        sign: "`io`: the disk is full, or the process that reads stderr is gone.",
        mend: "Free space or move `logging.file`; restart the gateway if stderr was closed. For otlp_audit, free space where `observability.otlp_audit.spool_folder` is.",
      },
      {
        cause: "The disk of the audit journal hangs",
        look: shell("ps -eo pid,stat,wchan:30,args | grep ' D'"),
        sign: "`timeout` of the exporter audit_journal; readiness says for how long a write has had no answer.",
        mend: "Mend the disk, the volume or the network behind it; processes in state D end only when it answers. The journal goes on by itself, and nothing is lost while memory holds what waits.",
      },
      {
        cause: "A defect of the exporter",
        sign: "`encoding`: a record could not be written down.",
        mend: "Report it with the version.",
      },
    ],
    actions: ["Look at the queue first: it tells how much time there is until records are lost."],
    escalate: "The signal in the alert is `audit`, its queue is above half, and the cause is not found.",
    resolves: "With the first delivery that succeeds.",
  };
}

function auditDropped({ options, rules }: Context): Runbook {
  const { window } = options.alerts.AuditRecordsDropped;
  const dropped = rules.series(catalog.telemetryDropped, { signal: "audit", reason: not("sampled") });
  const lost = increase(dropped, window);
  const failures = increase(rules.series(catalog.telemetryFailures, { signal: "audit" }), window);
  const delivered = increase(rules.series(catalog.telemetryEvents, { signal: "audit" }), window);
  return {
    alert: "MCPHangarAuditRecordsDropped",
    meaning: `The exporter in the alert, whose signal is audit, lost records within the last ${window}.`,
    impact: "The audit trail has a hole that cannot be filled later. Calls are not affected.",
    confirm: [
      { question: "How many, and why?", look: query(sum(lost, by("exporter", "reason"))) },
      { question: "What went wrong with deliveries?", look: query(sum(failures, by("exporter", "reason"))) },
      {
        question: "What does the exporter look like now?",
        look: shell("curl -sS http://127.0.0.1:8000/api/system | jq .exporters"),
      },
    ],
    causes: [
      {
        cause: "The destination was away for longer than the queue lasts",
        sign: "`retries_exhausted`, or `queue_full` with failures `connection`, `timeout` or `io`.",
        mend: `Bring it back: ${see("TelemetryExportFailing")} has the steps. To bridge longer ones, set \`observability.otlp_audit.spool_folder\` and \`observability.otlp_audit.spool_max_bytes\`.`,
      },
      {
        cause: "There are more records than it takes",
        look: query(sum(delivered, by("exporter"))),
        sign: "`queue_full` without failures: it delivers all the time and is too slow.",
        mend: `A nearer or faster destination; see ${see("HighToolCallVolume")} for who calls.`,
      },
      {
        cause: "The destination refuses records",
        sign: "`rejected`.",
        mend: "Credentials, size limit or format of the destination; its log tells.",
      },
      {
        cause: "Files of the spool were damaged or removed",
        look: shell("df -h", "dmesg | tail"),
        sign: "`damaged`.",
        mend: "Mend the disk. The other records are delivered.",
      },
      {
        cause: "The gateway stopped before everything was delivered",
        look: log(["shutdown_started", "shutdown_timed_out", "gateway_stopped"], "cause"),
        sign: "`shutdown`, and a stop in the log at that time.",
        mend: "Stop the gateway only while its destinations are up, or let records wait on the disk (`observability.otlp_audit.spool_folder`).",
      },
    ],
    actions: [
      "Write down from when to when records are missing, and how many: auditors will ask.",
      "Keep the gateway's log of that time: its lines about calls can stand in.",
      "If policy forbids service without audit, stop the gateway now (SIGTERM).",
    ],
    escalate: "Always tell whoever answers for compliance; wake them if it goes on.",
    resolves: `${window} after the last loss. That it resolved does not bring the records back.`,
  };
}

function recordsDropped({ options, rules }: Context): Runbook {
  const { window } = options.alerts.TelemetryRecordsDropped;
  const { telemetryDropped, telemetryFailures, telemetryQueueSize, telemetryQueueCapacity } = catalog;
  const others = { signal: not("audit") } as const;
  const lost = increase(rules.series(telemetryDropped, { ...others, reason: not("sampled") }), window);
  const failures = increase(rules.series(telemetryFailures, others), window);
  const fill = portion(rules.series(telemetryQueueSize, others), rules.series(telemetryQueueCapacity, others));
  return {
    alert: "MCPHangarTelemetryRecordsDropped",
    meaning: `The exporter in the alert lost records within the last ${window}. Its signal says what they are: lines of the log, entries of the history, spans or metrics.`,
    impact: "Calls are not affected, and no audit record is lost. What is missing cannot be looked up later.",
    confirm: [
      { question: "How many, and why?", look: query(sum(lost, by("exporter", "signal", "reason"))) },
      { question: "What went wrong with deliveries?", look: query(sum(failures, by("exporter", "signal", "reason"))) },
      { question: "How full are the queues? At 1 records are lost.", look: query(fill) },
    ],
    causes: [
      {
        cause: "Nothing can be written",
        look: shell("df -h", "curl -sS http://127.0.0.1:8000/health/ready"),
        sign: "`queue_full` with failures `io`: the disk is full, or another process holds the file of the history. `rejected` of the exporter `log`: stderr was closed.",
        mend: `Free space, or move the file that \`logging.file\` or \`history.file\` names; ${see("TelemetryExportFailing")} has more.`,
      },
      {
        cause: "The reader of the log is too slow",
        sign: "`queue_full` of the exporter `log` without failures.",
        mend: "Raise `logging.level`, or let a shipper read `logging.file` instead of stderr.",
      },
      {
        cause: "There is more than the history can write",
        look: query(sum(rate(rules.series(catalog.toolCalls), window), by("mcp_server", "status"))),
        sign: "`queue_full` of the exporter `history` without failures. Refused calls and talkative servers lose their own entries first.",
        mend: `A faster disk; see ${see("HighToolCallVolume")} for who calls.`,
      },
      {
        cause: "There are more calls than Langfuse takes",
        look: query(sum(rate(rules.series(catalog.toolCalls), window), by("mcp_server", "status"))),
        sign: "`queue_full` of the exporters langfuse or langfuse_scores; readiness says HTTP 429, or nothing.",
        mend: "Lower `observability.langfuse.sample_rate`, or set `observability.langfuse.scores` to false.",
      },
      {
        cause: "The collector refuses spans or lines",
        sign: "`rejected` of the exporters otlp_traces or otlp_logs: the collector answers that the request is wrong.",
        mend: "The log of the collector says what it does not like: its size limit, a filter, the wrong address.",
      },
      {
        cause: "The collector is away",
        sign: "Failures `connection` or `timeout` of an exporter that sends over the network.",
        mend: `Bring it back: ${see("TelemetryExportFailing")} has the steps.`,
      },
    ],
    actions: ["Write down from when to when records are missing, so that nobody takes the gap for silence."],
    escalate: "Not at night.",
    resolves: `${window} after the last loss. That it resolved does not bring the records back.`,
  };
}

function listenerErrors({ options, rules }: Context): Runbook {
  const { window } = options.alerts.ListenerErrors;
  return {
    alert: "MCPHangarListenerErrors",
    meaning: `A part of the gateway that records telemetry threw an exception within the last ${window}.`,
    impact:
      "Calls go on. What the listener in the alert records (metrics, log or an export) has gaps; other alerts may be blind.",
    confirm: [
      {
        question: "Which listeners throw, and how often?",
        look: query(sum(increase(rules.series(catalog.listenerErrors), window), by("instance", "listener"))),
      },
      { question: "With which error?", look: log("listener_failed", "listener", "error") },
    ],
    causes: [
      {
        cause: "A defect of this version",
        look: query(rules.series(catalog.buildInfo)),
        sign: "It began with an upgrade; the versions are labels.",
        mend: "Roll back, and report it.",
      },
      {
        cause: "An input that nobody thought of",
        sign: "It happens with one server or tool only; the log has it next to the error.",
        mend: "Report it with that line. `tools.deny` hides the tool if the gap matters.",
      },
    ],
    actions: ["Report it with version, error and stack: this is always a defect of MCP Hangar."],
    escalate: "Not at night, unless the listener is an audit export.",
    resolves: `${window} after the last exception.`,
  };
}

function seriesLimit({ options, rules }: Context): Runbook {
  const { window } = options.alerts.MetricSeriesLimitReached;
  const folded = increase(rules.series(catalog.seriesOverflows), window);
  return {
    alert: "MCPHangarMetricSeriesLimitReached",
    meaning: `The metric in the alert has as many series as it may have, and counts further ones together as \`_other\`.`,
    impact: "Totals stay right. Servers, tools or principals that came last cannot be told apart in this metric.",
    confirm: [
      { question: "Which metrics, and how many observations?", look: query(sum(folded, by("metric"))) },
      {
        question: "Which servers have the most tools that were called?",
        look: query(topk(10, count(rules.series(catalog.toolCalls, { status: "success" }), by("mcp_server")))),
      },
      { question: "How many samples has a scrape?", look: query(rules.series(prometheusMetrics.scrapeSamples)) },
    ],
    causes: [
      {
        cause: "Very many tools of one server are called",
        look: shell("curl -sS http://127.0.0.1:8000/api/mcp_servers/SERVER | jq '.tools | length'"),
        sign: "Hundreds, or names that change with each start.",
        mend: "Expose those that are needed with `tools.allow`, or raise `observability.metrics.tools_per_server_limit`.",
      },
      {
        cause: "The fleet has grown",
        look: shell("mcp-hangar status"),
        sign: "Many servers with a usual number of tools.",
        mend: "Raise `observability.metrics.tools_limit` where calls are counted for the tool `_other` of their servers, `observability.metrics.series_limit` where they are counted for the server `_other`; or split the fleet over several gateways. Each series costs memory here and in Prometheus.",
      },
      {
        cause: "Many principals",
        look: query(count(rules.series(catalog.rateLimitHits))),
        sign: "The metric is `mcp_hangar_rate_limit_hits_total`.",
        mend: "Look whether callers share credentials as they should; otherwise raise the limit.",
      },
    ],
    actions: ["Nothing at once: only detail is lost."],
    escalate: "Not at night.",
    resolves: `${window} after the last observation that was folded. Series are given back when a server is removed or no longer lists a tool, otherwise only with a restart of the gateway.`,
  };
}
