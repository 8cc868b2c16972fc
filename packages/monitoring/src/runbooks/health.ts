import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { by, max, sum } from "../promql/aggregate.ts";
import { histogramQuantile, increase, maxOverTime, rate } from "../promql/functions.ts";
import { complementOf, percent } from "../slo/decimal.ts";
import { log, query, see, shell } from "./look.ts";

const perServer = by("mcp_server");

/** Health checks and circuit breakers. */
export function health(context: Context): readonly Runbook[] {
  return [circuitBreaker(context), unhealthy(context), failures(context), slowChecks(context)];
}

function circuitBreaker({ options, rules }: Context): Runbook {
  const { count, window, openWithin } = options.alerts.CircuitBreakerTripped;
  const refused = increase(rules.series(catalog.toolCallErrors, { error_type: "circuit_open" }), window);
  const errors = sum(rate(rules.series(catalog.toolCallErrors), "30m"), by("mcp_server", "error_type"));
  return {
    alert: "MCPHangarCircuitBreakerTripped",
    meaning: `The circuit breaker of the server in the alert is open, or refused more than ${count} calls within ${window}.`,
    impact:
      "Calls to this server fail at once with `circuit_open`, and are not sent to it. Other servers are not affected.",
    confirm: [
      {
        question: `Which breakers were open (2) within ${openWithin}?`,
        look: query(max(maxOverTime(rules.series(catalog.circuitBreakerState), openWithin), perServer)),
      },
      { question: `How many calls did each refuse within ${window}?`, look: query(sum(refused, perServer)) },
      { question: "What failed before it opened?", look: query(errors) },
    ],
    causes: [
      {
        cause: "The server dies or cannot be reached",
        look: log(["mcp_server_stopped", "mcp_server_start_failed"], "mcp_server", "reason", "message", "diagnosis"),
        sign: "`connection` before it opened, and crashes or failed starts in the log.",
        mend: `Follow ${see("McpServerDead")}, or for a remote server ${see("RemoteServerUnreachable")}.`,
      },
      {
        cause: "The server hangs",
        look: shell("mcp-hangar call SERVER TOOL --args '{}' --config config.yaml"),
        sign: "`timeout` before it opened. A fresh copy of the server, which this command starts, answers.",
        mend: "Stop it with `mcp-hangar stop SERVER`, which ends its process whatever it does; the next call starts a new one.",
      },
      {
        cause: "The server refuses work",
        look: log("tool_failed", "mcp_server", "error_type", "message"),
        sign: "`upstream_error` (HTTP 5xx or 408) or `protocol` before it opened; the message has the server's HTTP status.",
        mend: "Give it time, or lower its `max_concurrency`.",
      },
      {
        cause: "It is a group",
        look: query(max(rules.series(catalog.serverInfo, { mode: "group" }), perServer)),
        sign: "It is among these. A call that it refuses names the members that are out of rotation, and says why.",
        mend: "Repair those: their own alerts fire too. A group needs as many in rotation as its `min_healthy` says.",
      },
      {
        cause: "It is open only because nobody calls",
        look: log("circuit_breaker_state_changed", "mcp_server", "from", "to"),
        sign: "The server works again, but the last line says `open`: after `circuit_breaker.open_s` the breaker waits for a call to try it with.",
        mend: "Make that call, below.",
      },
    ],
    actions: [
      "Repair the server first; the breaker only reports it.",
      "Then probe it through the gateway: `mcp-hangar call SERVER TOOL --args '{}'`. One answer closes the breaker, even an error of the tool; `circuit_open` tells when to try again.",
    ],
    escalate:
      "The server answers directly but the breaker opens again: wake the owner of the server, with its errors of the last 30 minutes.",
    resolves: `After a probe succeeded: when the breaker has not been open for ${openWithin} and refused at most ${count} calls within ${window}.`,
  };
}

function unhealthy({ options, rules }: Context): Runbook {
  const { level } = options.alerts.ProviderUnhealthy;
  const failed = rules.series(catalog.healthChecks, { result: "unhealthy" });
  return {
    alert: "MCPHangarProviderUnhealthy",
    meaning: `More than ${level} health checks or starts of the server in the alert failed in a row.`,
    impact:
      "The gateway has most likely given the server up (`dead`); calls to it fail, and each try to restart it failed too.",
    confirm: [
      {
        question: "How many failures in a row?",
        look: query(max(rules.series(catalog.healthCheckConsecutiveFailures), perServer)),
      },
      {
        question: "Is it still running (3 degraded) or given up (4 dead)?",
        look: query(max(rules.series(catalog.serverState), perServer)),
      },
      { question: "How many checks failed in the last hour?", look: query(sum(increase(failed, "1h"), perServer)) },
    ],
    causes: [
      {
        cause: "It cannot start",
        look: log("mcp_server_start_failed", "mcp_server", "diagnosis"),
        sign: "`diagnosis` names the reason, with the last lines of its stderr, and what to do.",
        mend: "Do that. Nothing has to be restarted: the gateway tries again, at most 5 minutes later or with the next call.",
      },
      {
        cause: "It starts and crashes",
        look: log("mcp_server_stopped", "mcp_server", "reason", "message"),
        sign: "Lines with `crashed` between successful starts; 137 in the message is a kill, mostly for want of memory.",
        mend: "Give it memory, or roll its last release back.",
      },
      {
        cause: "It runs and does not answer",
        look: log("health_check_finished", "mcp_server", "consecutive_failures", "message"),
        sign: "`degraded`, and the message says that there was no answer in time.",
        mend: "Stop it with `mcp-hangar stop SERVER` and start it with `mcp-hangar start SERVER`; ask its owner what it was waiting for.",
      },
      {
        cause: "A remote server is away",
        look: shell("mcp-hangar call SERVER TOOL --args '{}' --config config.yaml"),
        sign: "The mode is remote, and the call from here fails with the same message.",
        mend: `Follow ${see("RemoteServerUnreachable")}.`,
      },
    ],
    actions: [
      "Tell the users of this server that it is down.",
      "After the repair start it at once: `mcp-hangar start SERVER` says what is wrong if something still is.",
    ],
    escalate: "The cause lies inside the server: wake its owner, with the diagnosis.",
    resolves: "With the first check or start that succeeds: the count returns to 0.",
  };
}

function failures({ options, rules }: Context): Runbook {
  const { level } = options.alerts.HighConsecutiveFailures;
  const graver = options.alerts.ProviderUnhealthy;
  const checks = increase(rules.series(catalog.healthChecks), "30m");
  return {
    alert: "MCPHangarHighConsecutiveFailures",
    meaning: `More than ${level} health checks or starts of the server in the alert failed in a row.`,
    impact: `Calls may still succeed: a server that runs is used until the gateway gives it up. Above ${graver.level} ${see("ProviderUnhealthy")} pages.`,
    confirm: [
      {
        question: "How many failures in a row?",
        look: query(max(rules.series(catalog.healthCheckConsecutiveFailures), perServer)),
      },
      {
        question: "All checks of the last 30 minutes, or a few?",
        look: query(sum(checks, by("mcp_server", "result"))),
      },
    ],
    causes: [
      {
        cause: "It is busy and answers too late",
        look: shell("mcp-hangar status"),
        sign: "IN FLIGHT is high and calls succeed: a check waits as long as a call, `call_timeout_s`, and gets no answer.",
        mend: "Lower its `max_concurrency`, or give the server more resources.",
      },
      {
        cause: "It hangs",
        look: log("health_check_finished", "mcp_server", "duration_ms", "message"),
        sign: "Each check lasts the full `call_timeout_s`, and calls time out as well.",
        mend: "Stop it with `mcp-hangar stop SERVER`; the next call starts it anew.",
      },
      {
        cause: "Starts fail",
        look: log("mcp_server_start_failed", "mcp_server", "diagnosis"),
        sign: "The state is `cold` or `dead` with failures above 0.",
        mend: "Do what `diagnosis` says.",
      },
    ],
    actions: [`Do it before the count passes ${graver.level}: after that the server is most likely given up.`],
    escalate: `Not at night; ${see("ProviderUnhealthy")} will page if it gets worse.`,
    resolves: "With the first check or start that succeeds.",
  };
}

function slowChecks({ options, rules }: Context): Runbook {
  const { quantile, limit, window } = options.alerts.HealthCheckSlow;
  const inBuckets = sum(rate(rules.buckets(catalog.healthCheckDuration), window), by("mcp_server", "le"));
  const callBuckets = sum(rate(rules.buckets(catalog.toolCallDuration), window), by("mcp_server", "le"));
  return {
    alert: "MCPHangarHealthCheckSlow",
    meaning: `More than ${percent(complementOf(quantile))} % of the health checks of the server in the alert took longer than ${limit} s over ${window}.`,
    impact:
      "None yet. A check asks for a sign of life that a working server gives at once, so calls are likely slow too, and the next step is failure.",
    confirm: [
      { question: "How long do checks take, in seconds?", look: query(histogramQuantile(quantile, inBuckets)) },
      { question: "And calls?", look: query(histogramQuantile(quantile, callBuckets)) },
    ],
    causes: [
      {
        cause: "The server does one thing at a time",
        look: shell("mcp-hangar status"),
        sign: "IN FLIGHT is above 0 whenever a check is slow: the ping waits behind a call.",
        mend: "Set `max_concurrency` to what the server really does at once; its owner should answer pings beside the work.",
      },
      {
        cause: "The check restarts a broken server",
        look: log(["mcp_server_start_failed", "mcp_server_started"], "mcp_server", "duration_ms", "diagnosis"),
        sign: "Starts in the log at the times of the checks: for a server that is down a check is an attempt to start it.",
        mend: `Follow ${see("McpServerDead")}.`,
      },
      {
        cause: "The way to a remote server is slow",
        look: query(
          histogramQuantile(
            quantile,
            sum(rate(rules.buckets(catalog.httpRequestDuration), window), by("mcp_server", "le")),
          ),
        ),
        sign: "Its HTTP requests are as slow as its checks.",
        mend: "Look at the network and at proxies between here and there.",
      },
    ],
    actions: [
      `If ${see("HighCPUUsage")} fires as well, start there: a gateway that is out of CPU measures slow checks everywhere.`,
    ],
    escalate: "Not at night.",
    resolves: `When checks are quick again. They are rare, so it takes up to ${window}.`,
  };
}
