import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { prometheusMetrics, runtime } from "../promql/external.ts";
import { maxOverTime } from "../promql/functions.ts";
import { series } from "../promql/select.ts";
import { log, query, see, shell } from "./look.ts";

/** A gateway that cannot be seen, and alerting that cannot be heard. */
export function availability(context: Context): readonly Runbook[] {
  return [notResponding(context), watchdog(context)];
}

function notResponding({ options, rules }: Context): Runbook {
  const setting = options.alerts.NotResponding;
  return {
    alert: "MCPHangarNotResponding",
    meaning: `For ${setting.for} Prometheus could not scrape a gateway, or service discovery listed none at all.`,
    impact:
      "Agents most likely cannot call any tool through it. No other alert about this gateway can fire: there are no metrics to judge.",
    confirm: [
      {
        question: "Which gateways are down (0)? No result at all: Prometheus knows no target of this job.",
        look: query(rules.series(prometheusMetrics.up)),
      },
      {
        question: "On the gateway's host: does it answer?",
        look: shell("curl -sS -m 5 http://127.0.0.1:8000/health/live", "mcp-hangar status"),
      },
    ],
    causes: [
      {
        cause: "The process has ended",
        look: log(["fatal_error", "shutdown_started", "gateway_stopped"], "cause", "error"),
        sign: "Nothing listens on the port. `fatal_error` is a crash, `shutdown_started` a stop that was asked for; with neither it was killed, exit code 137 mostly for want of memory.",
        mend: `Start it. After 137 raise its memory limit and read ${see("HighMemoryUsage")}; after \`fatal_error\` keep the line for a report.`,
      },
      {
        cause: "It does not start any more",
        look: shell("mcp-hangar config check"),
        sign: "The check lists every problem of the file with its key, or the port is taken by another process.",
        mend: "Mend the file or restore the last one that worked, then start the gateway.",
      },
      {
        cause: "It runs but does not answer",
        look: query(maxOverTime(rules.series(runtime.eventLoopLagMax), "1h")),
        sign: "`curl` on the host times out (exit code 28). The event loop lag of the last hour was in seconds before the scrapes failed.",
        mend: `Restart it. Then read ${see("HighCPUUsage")}: it has too little CPU or too much work.`,
      },
      {
        cause: "Prometheus cannot reach it",
        look: shell("curl -sS -o /dev/null -w '%{http_code}\\n' http://GATEWAY_HOST:8000/metrics"),
        sign: "It answers on its host, but this on Prometheus's host does not print 200. 401: `auth` is on and the scrape brings no key, or one that has expired. 403: the name is not in `http.allowed_hosts`. 404: `observability.metrics.enabled` is false, or `observability.metrics.port` moved the metrics. Refused: `http.host` binds loopback only.",
        mend: "Correct that key or the target of the scrape; for 401 give Prometheus a key (`mcp-hangar keys create --static --name prometheus --role viewer`) in the file of `scrape.authorization.credentialsFile`. Agents may be fine meanwhile: ask with `mcp-hangar status`.",
      },
      {
        cause: "Service discovery lost the gateway",
        sign: "The first query has no result.",
        mend: "Compare the scrape configuration with what runs: in Kubernetes the namespace, the label of the pod and the name of its port.",
      },
    ],
    actions: [
      "If agents are affected, restart the gateway first and search the cause in its log afterwards.",
      "When it is back, make sure that its servers are too: `mcp-hangar status`.",
    ],
    escalate:
      "It ends again within 10 minutes of a restart, or several gateways are down at once: wake the owner of the platform.",
    resolves: `By itself with the first scrape that succeeds; Prometheus scrapes every ${options.scrapeInterval}.`,
  };
}

function watchdog({ options }: Context): Runbook {
  const { repeatInterval } = options.receivers.heartbeat;
  const alertname = "MCPHangarWatchdog";
  return {
    alert: alertname,
    meaning: "This alert always fires, and you read this because whoever expects it has not heard it.",
    impact: "No alert of this gateway may reach anybody. Treat everything as unwatched until the heartbeat is back.",
    confirm: [
      {
        question: "Does Prometheus evaluate it? The answer is 1.",
        look: query(series(prometheusMetrics.alerts, { alertname, alertstate: "firing" })),
      },
      {
        question: "Does Alertmanager have it?",
        look: shell(`amtool alert query --alertmanager.url=http://localhost:9093 alertname=${alertname}`),
      },
    ],
    causes: [
      {
        cause: "Prometheus is down or has not loaded the rules",
        look: shell("curl -sS http://localhost:9090/-/ready", "promtool check rules /etc/prometheus/alerts.yaml"),
        sign: "It is not ready, or the query finds nothing.",
        mend: "Start it, or restore the rule files and reload them. A full disk stops it too.",
      },
      {
        cause: "Prometheus does not reach Alertmanager",
        look: shell("curl -sS http://localhost:9090/api/v1/alertmanagers"),
        sign: "The alert fires in Prometheus, Alertmanager does not list it, and `activeAlertmanagers` is empty or names another address.",
        mend: "Correct the address under `alerting` in Prometheus's configuration, or start Alertmanager.",
      },
      {
        cause: "Alertmanager cannot deliver",
        look: shell("curl -sS http://localhost:9093/metrics | grep alertmanager_notifications_failed_total"),
        sign: "It lists the alert, and the counter of failures of the receiver's kind grows.",
        mend: "Read Alertmanager's log; correct the receiver's address, its secret or the network.",
      },
      {
        cause: "Only the heartbeat is lost",
        sign: "Other alerts arrive; nothing above is broken.",
        mend: `Look at the receiver: it has to expect a notification at least every ${repeatInterval}.`,
      },
    ],
    actions: [
      "Watch the gateway by hand until the heartbeat is back: `mcp-hangar status`.",
      "After the repair, send a test alert through each receiver: `amtool alert add alertname=Test severity=critical --alertmanager.url=http://localhost:9093`.",
    ],
    escalate:
      "The heartbeat is not back within 30 minutes: wake the owner of the monitoring, and tell the team that nothing pages.",
    resolves: `It never resolves. The receiver should be content with the next heartbeat, after ${repeatInterval} at most.`,
  };
}
