import type { Context } from "../context.ts";
import type { Topic } from "../model.ts";
import { alertmanagerOwn, prometheusOwn } from "../promql/external.ts";
import type { TimesAlert } from "../settings/alerts.ts";
import { allAt, counter, gauge, ofJob, type StorySeries, steady } from "./series.ts";
import { alertNamed, type Coverage, type Story, tell, together } from "./story.ts";

/** Alertmanagers that do not get through or are away, rules that fail, and configurations that are refused. */
export function watchers(context: Context, { alerts }: Topic): Coverage {
  const { alerts: settings, watchers: jobs } = context.options;
  const ofPrometheus = (series: readonly StorySeries[]) => ofJob(jobs.prometheus.jobName, series);
  const ofAlertmanager = (series: readonly StorySeries[]) => ofJob(jobs.alertmanager.jobName, series);
  const failing = (integration: string, other: string): Story => {
    const { times } = settings.AlertNotificationsFailing;
    const failed = (which: string, reason: string, growth: Growth) =>
      counter(alertmanagerOwn.notificationsFailed, { integration: which, reason }, growth);
    return {
      course: { kind: "event", window: settings.AlertNotificationsFailing.window },
      series: ofAlertmanager([
        // In halves, for it is given up for one reason or another.
        ...failed(integration, "serverError", halfOf(times)),
        ...failed(integration, "contextDeadlineExceeded", halfOf(times)),
        // That another fails is told by another alert.
        ...failed(other, "clientError", 10 * times),
      ]),
      firing: { integration },
    };
  };
  const slack = failing("slack", "pagerduty");
  const pager = failing("pagerduty", "slack");
  const alertmanager = { alertmanager: "http://alertmanager:9093/api/v2/alerts" };
  const notTaken = (
    about: string,
    series: readonly StorySeries[],
    labels: Readonly<Record<string, string>>,
  ): Story => ({
    about,
    course: { kind: "event", window: settings.AlertmanagerUnreachable.window },
    series: ofPrometheus(allAt("a:8000", series)),
    firing: { instance: "a:8000", ...labels },
  });
  const refused = timesOf(settings.AlertmanagerUnreachable);
  const loaded = (metric: typeof prometheusOwn.configLoaded | typeof alertmanagerOwn.configLoaded) => [
    ...gauge(metric, {}, { healthy: 1, below: 1, above: 0 }),
    ...steady(metric, {}, 1, "b:8000"),
  ];
  return together(
    tell(context, alertNamed(alerts, "AlertNotificationsFailing"), [slack]),
    tell(context, alertNamed(alerts, "AlertNotificationsFailing", "pager"), [pager]),
    tell(context, alertNamed(alerts, "AlertmanagerUnreachable"), [
      notTaken("by one", counter(prometheusOwn.notTaken, alertmanager, refused), alertmanager),
      notTaken("by any", counter(prometheusOwn.notTakenByAny, {}, refused), {}),
    ]),
    tell(context, alertNamed(alerts, "RuleEvaluationsFailing"), [
      {
        course: { kind: "event", window: settings.RuleEvaluationsFailing.window },
        series: ofPrometheus(
          counter(
            prometheusOwn.ruleFailures,
            { rule_group: "/etc/prometheus/alerts.yaml;mcp-hangar-critical" },
            timesOf(settings.RuleEvaluationsFailing),
          ),
        ),
        firing: { rule_group: "/etc/prometheus/alerts.yaml;mcp-hangar-critical" },
      },
    ]),
    tell(context, alertNamed(alerts, "MonitoringConfigNotLoaded"), [
      {
        about: "Prometheus",
        course: { kind: "level" },
        series: ofPrometheus(loaded(prometheusOwn.configLoaded)),
        firing: { instance: "a:8000" },
      },
      {
        about: "Alertmanager",
        course: { kind: "level" },
        series: ofAlertmanager(loaded(alertmanagerOwn.configLoaded)),
        firing: { instance: "a:8000" },
      },
    ]),
  );
}

type Growth = Parameters<typeof counter>[2];

/** Just not often enough, and just often enough. */
function timesOf({ times }: TimesAlert): Growth {
  return { below: times - 1, above: times };
}

function halfOf(times: number): Growth {
  return { below: (times - 1) / 2, above: times / 2 };
}
