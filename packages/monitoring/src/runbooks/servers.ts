import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { by, max, sum } from "../promql/aggregate.ts";
import { runtime } from "../promql/external.ts";
import { histogramQuantile, increase, maxOverTime, rate } from "../promql/functions.ts";
import { complementOf, percent } from "../slo/decimal.ts";
import { log, query, see, shell } from "./look.ts";

const perServer = by("mcp_server");

/** The life of servers; those that are reached over HTTP have a page in another file. */
export function servers(context: Context): readonly Runbook[] {
  return [
    frequentStarts(context),
    dead(context),
    degraded(context),
    slowSweep(context),
    started(context),
    redefined(context),
  ];
}

function frequentStarts({ options, rules }: Context): Runbook {
  const { perSecond, window } = options.alerts.FrequentColdStarts;
  const starts = rate(rules.series(catalog.serverStarts), window);
  const stops = rate(rules.series(catalog.serverStops), window);
  return {
    alert: "MCPHangarFrequentColdStarts",
    meaning: `The server in the alert was started more than ${perSecond} times a second over ${window}, that is, more than ${Math.round(perSecond * 60)} times a minute.`,
    impact: "Calls wait for starts, and the starts eat CPU. Whatever the server keeps in memory is lost each time.",
    confirm: [
      { question: "Do the starts succeed?", look: query(sum(starts, by("mcp_server", "result"))) },
      { question: "Why does it stop in between?", look: query(sum(stops, by("mcp_server", "reason"))) },
      { question: "On how many gateways?", look: query(sum(starts, by("instance", "mcp_server"))) },
    ],
    causes: [
      {
        cause: "It is stopped too early",
        sign: "`idle`: nobody called it for `idle_ttl_s`, and then somebody did.",
        mend: "Raise `idle_ttl_s` above the usual pause between calls.",
      },
      {
        cause: "It crashes",
        look: log("mcp_server_stopped", "mcp_server", "reason", "message"),
        sign: "`crashed`; the message says how the process ended.",
        mend: "Tell its owner. 137 is a kill, mostly for want of memory.",
      },
      {
        cause: "It does not start",
        look: log("mcp_server_start_failed", "mcp_server", "diagnosis"),
        sign: "`failure`: the diagnosis says why and what to do. Attempts are spaced out, so this alone needs many gateways.",
        mend: "Do that.",
      },
      {
        cause: "There are many gateways",
        sign: "Each starts it rarely; the alert adds them up.",
        mend: "Raise the threshold of this alert for your number of gateways.",
      },
    ],
    actions: ["Make the server stay: a longer `idle_ttl_s` costs memory only."],
    escalate: "Not at night.",
    resolves: `When starts are rare again, over ${window}.`,
  };
}

function dead({ options, rules }: Context): Runbook {
  const { window } = options.alerts.McpServerDead;
  const starts = increase(rules.series(catalog.serverStarts), "1h");
  return {
    alert: "MCPHangarMcpServerDead",
    meaning: `The server in the alert was given up within the last ${window}: its starts or its health checks failed too often.`,
    impact:
      "Calls to it fail with `start_failed`. The gateway tries to start it again, first after seconds, then at most 5 minutes apart, and with calls.",
    confirm: [
      {
        question: `Which servers were dead (4) within ${window}?`,
        look: query(max(maxOverTime(rules.series(catalog.serverState), window), perServer)),
      },
      { question: "How did its starts of the last hour end?", look: query(sum(starts, by("mcp_server", "result"))) },
      { question: "What does the gateway say now?", look: shell("mcp-hangar status") },
    ],
    causes: [
      {
        cause: "Its program or a module is missing",
        look: log("mcp_server_start_failed", "mcp_server", "diagnosis"),
        sign: "The diagnosis says that something was not found (127), could not be loaded or cannot be executed (126).",
        mend: "Install it, or correct `command`, `args`, `cwd` or `env`; `mcp-hangar config reload` puts that into force.",
      },
      {
        cause: "It ends by itself",
        look: shell("mcp-hangar call SERVER TOOL --args '{}' --config config.yaml"),
        sign: "The diagnosis quotes its last words: a missing variable, a wrong key, a database that is away. This command shows the same without the gateway.",
        mend: "Correct what it complains about.",
      },
      {
        cause: "It is killed",
        look: shell("journalctl -k --since -1h | grep -i 'killed process'"),
        sign: "SIGKILL or 137 in the diagnosis, and its process in the kernel's log.",
        mend: "Give it, or the container of the gateway, more memory.",
      },
      {
        cause: "It starts too slowly",
        sign: "The diagnosis says that it was not ready in time.",
        mend: "Raise `start_timeout_s`, or install its packages beforehand instead of at each start.",
      },
      {
        cause: "It stopped answering health checks",
        look: log("health_check_finished", "mcp_server", "consecutive_failures", "message"),
        sign: "It was `degraded` before, and its starts succeed.",
        mend: `Follow ${see("McpServerDegraded")}.`,
      },
      {
        cause: "It is a group without a member in rotation",
        sign: "MODE of `mcp-hangar status` is `group`; nothing of this name was ever started.",
        mend: `Follow ${see("CircuitBreakerTripped")}, which tells what its members lack.`,
      },
    ],
    actions: [
      "Repair what the diagnosis names.",
      "Start it instead of waiting for the next attempt: `mcp-hangar start SERVER`.",
    ],
    escalate: "Tell the owner of the server in the morning; at night only if agents cannot work without it.",
    resolves: `${window} after a start that succeeds.`,
  };
}

function degraded({ options, rules }: Context): Runbook {
  const setting = options.alerts.McpServerDegraded;
  const checks = increase(rules.series(catalog.healthChecks), "15m");
  return {
    alert: "MCPHangarMcpServerDegraded",
    meaning: `The server in the alert runs, but its health checks have been failing for ${setting.for}.`,
    impact:
      "Calls are still sent to it and most likely time out. After as many failures again the gateway kills and restarts it.",
    confirm: [
      { question: "Which servers are degraded (3)?", look: query(max(rules.series(catalog.serverState), perServer)) },
      { question: "Do all checks fail?", look: query(sum(checks, by("mcp_server", "result"))) },
      { question: "Does it answer calls?", look: shell("mcp-hangar call SERVER TOOL --args '{}'") },
    ],
    causes: [
      {
        cause: "It hangs",
        look: log("health_check_finished", "mcp_server", "duration_ms", "message"),
        sign: "No answer within `call_timeout_s`, and the call above times out.",
        mend: "Stop it with `mcp-hangar stop SERVER`, which ends its process; the next call starts it anew.",
      },
      {
        cause: "It is overrun",
        look: shell("mcp-hangar status"),
        sign: "IN FLIGHT is at its `max_concurrency`; some calls still succeed.",
        mend: `Lower \`max_concurrency\`; the queries of ${see("HighToolCallVolume")} find the caller.`,
      },
      {
        cause: "A remote server answers with errors",
        look: query(sum(rate(rules.series(catalog.httpRequests), "5m"), by("mcp_server", "status"))),
        sign: "Statuses other than 200 and 202.",
        mend: `Follow ${see("RemoteServerUnreachable")}.`,
      },
      {
        cause: "It is a group with too few members in rotation",
        sign: "It refuses calls instead of letting them time out, and the queries above find no checks of it.",
        mend: `Repair its members: ${see("CircuitBreakerTripped")} finds them.`,
      },
    ],
    actions: [
      "Restart the server, because one that missed so many pings rarely recovers by itself: `mcp-hangar stop SERVER`, then `mcp-hangar start SERVER`.",
    ],
    escalate: `Not at night; ${see("ProviderUnhealthy")} pages if the restart does not help.`,
    resolves: "With the first health check that succeeds, or when the server is given up or stopped.",
  };
}

function slowSweep({ options, rules }: Context): Runbook {
  const { quantile, limit, window } = options.alerts.GCSlowCycles;
  const inBuckets = sum(rate(rules.buckets(catalog.idleSweepDuration), window), by("instance", "le"));
  return {
    alert: "MCPHangarGCSlowCycles",
    meaning: `More than ${percent(complementOf(quantile))} % of the idle sweeps, which stop unused servers, took longer than ${limit} s over ${window}.`,
    impact:
      "A sweep looks at each server once and normally takes far less than a millisecond. While it runs nothing else does: calls stand still.",
    confirm: [
      { question: "How long do sweeps take, in seconds?", look: query(histogramQuantile(quantile, inBuckets)) },
      {
        question: "Does everything else stand still too? (lag of the event loop, s)",
        look: query(max(rules.series(runtime.eventLoopLagMax), by("instance"))),
      },
    ],
    causes: [
      {
        cause: "The process does not get its CPU",
        look: query(rate(rules.series(runtime.processCpu), "5m")),
        sign: "The lag is high although the process uses little CPU: its machine is overcommitted, or its quota is spent.",
        mend: "Raise the quota, or move the gateway.",
      },
      {
        cause: "The gateway is saturated",
        look: query(rate(rules.series(runtime.eventLoopActive), "5m")),
        sign: "The event loop is busy nearly all the time (close to 1).",
        mend: `Follow ${see("HighCPUUsage")}.`,
      },
      {
        cause: "Memory is short",
        look: query(rules.series(runtime.processResidentMemory)),
        sign: "Resident memory is near the limit; the machine swaps or Node.js collects garbage all the time.",
        mend: `Follow ${see("HighMemoryUsage")}.`,
      },
    ],
    actions: ["Treat it as a sign of a starved gateway; the sweep itself needs no repair."],
    escalate: "Not at night.",
    resolves: `When sweeps are quick again, over ${window}.`,
  };
}

function started({ options, rules }: Context): Runbook {
  const { window } = options.alerts.McpServerStarted;
  const starts = increase(rules.series(catalog.serverStarts), window);
  const startBuckets = sum(rate(rules.buckets(catalog.serverColdStart), "1h"), by("mcp_server", "le"));
  return {
    alert: "MCPHangarMcpServerStarted",
    meaning: `The server in the alert was started, or tried to, within the last ${window}.`,
    impact: "None: servers start with their first call. The notification is for the record.",
    confirm: [
      { question: "Which starts, with which result?", look: query(sum(starts, by("mcp_server", "result"))) },
      {
        question: "How long did starts take? (95th percentile of the last hour, s)",
        look: query(histogramQuantile(0.95, startBuckets)),
      },
    ],
    causes: [
      {
        cause: "Somebody called it",
        look: log("mcp_server_started", "mcp_server", "duration_ms"),
        sign: "`success`, once.",
        mend: "Nothing to do.",
      },
      {
        cause: "It came back after a crash or a failure",
        look: log(["mcp_server_stopped", "mcp_server_start_failed"], "mcp_server", "reason", "message", "diagnosis"),
        sign: "`failure`, or a stop with `crashed` just before.",
        mend: `If it repeats, ${see("FrequentColdStarts")} or ${see("McpServerDead")} will fire.`,
      },
    ],
    actions: ["None."],
    escalate: "Never.",
    resolves: `${window} after the last start.`,
  };
}

function redefined({ options, rules }: Context): Runbook {
  const { window } = options.alerts.ToolDefinitionsChanged;
  const changes = rules.series(catalog.toolDefinitionsChanged);
  return {
    alert: "MCPHangarToolDefinitionsChanged",
    meaning: `Within the last ${window} the server in the alert has listed tools with another title, description, schema or annotation under a name that they had before.`,
    impact:
      "Agents follow what a definition says. A changed one may be an update, a mistake, or instructions that somebody has put there.",
    confirm: [
      {
        question: "Which servers, and what else has changed about their tools?",
        look: query(sum(increase(changes, "1h"), by("mcp_server", "change"))),
      },
      {
        question: "Which tools, and when? The digest is the SHA-256 of the definition (RFC 8785).",
        look: log("mcp_server_tools_changed", "mcp_server", "changes"),
      },
      {
        question: "What do the definitions say now?",
        look: shell("curl -s http://127.0.0.1:8000/api/mcp_servers/SERVER/tools | jq ."),
      },
    ],
    causes: [
      {
        cause: "The server was updated",
        look: log(["mcp_server_started", "config_reloaded"], "mcp_server", "trigger"),
        sign: "It was started just before, and its owner knows of a release. A package that is fetched at each start updates itself.",
        mend: "Read the new definitions, and pin the version of the package.",
      },
      {
        cause: "Its definitions depend on who asks or on the time",
        sign: "The alert comes back with every listing, and the digests go to and fro.",
        mend: "Have its owner mend that, or switch the alert off for this server with a route.",
      },
      {
        cause: "Somebody has taken the server over",
        sign: "Nobody knows of a release, and a description tells agents what to do rather than what the tool does.",
        mend: "Stop the server with `mcp-hangar stop SERVER` and deny its tools with `tools.deny` until that is cleared up.",
      },
    ],
    actions: ["Read what has changed before agents go on with it; the log has the names."],
    escalate: "Tell those who are responsible for security if nobody can explain the change.",
    resolves: `${window} after the last change.`,
  };
}
