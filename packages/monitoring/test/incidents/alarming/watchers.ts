import type { ScenarioSeries } from "../../../src/model.ts";
import { alertmanagerOwn, prometheusOwn } from "../../../src/promql/external.ts";
import { counting, eventsEvery, type Incident, level, scraped } from "../incident.ts";

const PROMETHEUS = { job: "prometheus", instance: "localhost:9090" };
const ALERTMANAGER = { job: "alertmanager", instance: "alertmanager:9093" };

/** Those who watch, when they cannot see or speak. */
export const watchers: readonly Incident[] = [
  {
    what: "PagerDuty refuses every event, and Alertmanager gives one up every five minutes",
    minutes: 30,
    series: [scraped(30), givenUp("pagerduty", "clientError")],
    warns: { AlertNotificationsFailing: 16 },
  },
  {
    what: "Slack is down, and notifications of two groups are given up every five minutes",
    minutes: 30,
    series: [scraped(30), givenUp("slack", "serverError"), givenUp("slack", "contextDeadlineExceeded")],
    pages: { AlertNotificationsFailing: 11 },
  },
  {
    what: "Alertmanager is gone, and Prometheus sends nothing but the heartbeat",
    minutes: 30,
    series: [
      scraped(30),
      counting(
        prometheusOwn.notTaken,
        { ...PROMETHEUS, alertmanager: "http://alertmanager:9093/api/v2/alerts" },
        [10, 0],
        ...eventsEvery(1, 20),
      ),
      counting(prometheusOwn.notTakenByAny, PROMETHEUS, [10, 0], ...eventsEvery(1, 20)),
    ],
    warns: { AlertmanagerUnreachable: 16 },
  },
  {
    what: "A rule fails whenever it is evaluated",
    minutes: 20,
    series: [
      scraped(20),
      counting(
        prometheusOwn.ruleFailures,
        { ...PROMETHEUS, rule_group: "/etc/prometheus/alerts.yaml;mcp-hangar-critical" },
        [10, 0],
        [10, 4],
      ),
    ],
    pages: { RuleEvaluationsFailing: 12 },
  },
  {
    what: "Alertmanager refuses its new configuration",
    minutes: 30,
    series: [
      scraped(30),
      level(prometheusOwn.configLoaded, PROMETHEUS, [30, 1]),
      level(alertmanagerOwn.configLoaded, ALERTMANAGER, [10, 1], [20, 0]),
    ],
    warns: { MonitoringConfigNotLoaded: 16 },
  },
];

function givenUp(integration: string, reason: string): ScenarioSeries {
  const labels = { ...ALERTMANAGER, integration, reason };
  return counting(alertmanagerOwn.notificationsFailed, labels, [10, 0], ...eventsEvery(5, 4));
}
