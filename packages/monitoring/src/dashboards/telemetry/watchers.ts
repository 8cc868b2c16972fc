import { by, max, sum } from "../../promql/aggregate.ts";
import { alertmanagerOwn, prometheusOwn } from "../../promql/external.ts";
import { increase } from "../../promql/functions.ts";
import type { Board } from "../board.ts";
import type { SectionDraft } from "../layout.ts";
import { query } from "../measures.ts";
import { chart, timeline } from "../panels.ts";
import { flag } from "../tones.ts";
import { whyEmpty } from "../why-empty.ts";

/** Whether those who watch can see and speak. They are the same whichever gateways the reader has chosen. */
export function watchers({ context, draw, options }: Board): SectionDraft {
  const { prometheus, alertmanager } = context.watchers;
  const {
    AlertNotificationsFailing: failing,
    AlertmanagerUnreachable: unreachable,
    RuleEvaluationsFailing: evaluations,
  } = options.alerts;
  const failed = increase(alertmanager.series(alertmanagerOwn.notificationsFailed), failing.window);
  const notTaken = increase(prometheus.series(prometheusOwn.notTaken), unreachable.window);
  const notTakenByAny = increase(prometheus.series(prometheusOwn.notTakenByAny), unreachable.window);
  const notEvaluated = increase(prometheus.series(prometheusOwn.ruleFailures), evaluations.window);
  const loaded = flag("OK", "refused");
  return {
    id: 600,
    title: "Prometheus and Alertmanager",
    folded: true,
    rows: [
      [
        chart({
          key: "notifications-failed",
          id: 601,
          title: "Failed notifications",
          description: `Notifications that Alertmanager has given up within ${failing.window}, by kind of receiver. On the line the alert AlertNotificationsFailing fires.`,
          unit: "short",
          queries: [query(sum(failed, by("integration")), "{{integration}}")],
          drawn: draw("short", "AlertNotificationsFailing"),
          width: 6,
          whenEmpty: whyEmpty.watchers,
        }),
        chart({
          key: "alerts-not-taken",
          id: 602,
          title: "Alerts that were not taken",
          description: `Alerts of Prometheus that within ${unreachable.window} an Alertmanager has not taken, and those that none has taken. On the line the alert AlertmanagerUnreachable fires.`,
          unit: "short",
          queries: [
            query(max(notTaken, by("alertmanager")), "{{alertmanager}}"),
            query(max(notTakenByAny, by("instance")), "{{instance}} by none"),
          ],
          drawn: draw("short", "AlertmanagerUnreachable"),
          width: 6,
          whenEmpty: whyEmpty.watchers,
        }),
        chart({
          key: "evaluations-failed",
          id: 603,
          title: "Failed evaluations of rules",
          description: `Evaluations that have failed within ${evaluations.window}, by group of rules. On the line the alert RuleEvaluationsFailing fires.`,
          unit: "short",
          queries: [query(sum(notEvaluated, by("rule_group")), "{{rule_group}}")],
          drawn: draw("short", "RuleEvaluationsFailing"),
          width: 6,
          whenEmpty: whyEmpty.watchers,
        }),
        timeline({
          key: "monitoring-config",
          id: 604,
          title: "Configurations of the monitoring",
          description:
            "Whether Prometheus and Alertmanager have loaded what they read last. The alert MonitoringConfigNotLoaded fires while one has refused it.",
          unit: "bool",
          queries: [
            query(prometheus.series(prometheusOwn.configLoaded), "Prometheus {{instance}}"),
            query(alertmanager.series(alertmanagerOwn.configLoaded), "Alertmanager {{instance}}"),
          ],
          drawn: draw("bool", "MonitoringConfigNotLoaded"),
          meanings: loaded,
          width: 6,
          whenEmpty: whyEmpty.watchers,
        }),
      ],
    ],
  };
}
