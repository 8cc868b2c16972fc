import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { by, sum } from "../promql/aggregate.ts";
import { alertmanagerOwn, prometheusMetrics, prometheusOwn } from "../promql/external.ts";
import { increase } from "../promql/functions.ts";
import { query, see, shell } from "./look.ts";

/** Those who watch, when they cannot see or speak. */
export function watchers(context: Context): readonly Runbook[] {
  return [notificationsFailing(context), unreachable(context), evaluationsFailing(context), configNotLoaded(context)];
}

function notificationsFailing({ options, watchers: { alertmanager } }: Context): Runbook {
  const { times, window } = options.alerts.AlertNotificationsFailing;
  const failed = increase(alertmanager.series(alertmanagerOwn.notificationsFailed), window);
  return {
    alert: "MCPHangarAlertNotificationsFailing",
    meaning: `Alertmanager has given up at least ${times} notifications to the kind of receiver in the alert within ${window}. It had tried each for up to ${options.notifications.groupInterval}, or was refused.`,
    impact:
      "Who is told of alerts there hears nothing. Critical alerts go to pagerduty: of its own failures the receiver of warnings is told, of all others pagerduty.",
    confirm: [
      {
        question: "Which kinds of receivers fail, and why? Alertmanager gives no reason before 0.26.",
        look: query(sum(failed, by("integration", "reason"))),
      },
      {
        question: "What did the receiver answer?",
        look: shell("docker compose logs --since 15m alertmanager | grep 'Notify for alerts failed'"),
      },
    ],
    causes: [
      {
        cause: "The receiver refuses",
        sign: "`clientError`; the line names a status of 400 to 499: a key that was renewed or has expired, a channel or webhook that was deleted, a text that it does not take.",
        mend: "Put the new secret into the file that the configuration names, or correct the address. Alertmanager reads secrets anew for each notification.",
      },
      {
        cause: "The receiver is down",
        sign: "`serverError`, or a status from 500 on.",
        mend: "Look at the status page of its provider. What still fires is sent again when it answers.",
      },
      {
        cause: "The receiver is not reached",
        sign: "`contextDeadlineExceeded` or `other`; the line tells of a timeout, a name that is not found, or a connection that was refused.",
        mend: "Mend the name service, the proxy, the firewall or the address.",
      },
    ],
    actions: [
      "Tell those who rely on this receiver that it is deaf, and read the alerts that fire in Alertmanager or on the dashboard until it is not.",
      "After the repair send a test through it: `amtool alert add alertname=Test severity=critical --alertmanager.url=http://localhost:9093`.",
    ],
    escalate:
      "It is pagerduty and not mended within 30 minutes: call whoever is on duty, and the owner of the monitoring.",
    resolves: `${window} after the last notification but ${times - 1} was given up.`,
  };
}

function unreachable({ options, watchers: { prometheus, alertmanager } }: Context): Runbook {
  const { times, window } = options.alerts.AlertmanagerUnreachable;
  const { jobName } = options.watchers.alertmanager;
  return {
    alert: "MCPHangarAlertmanagerUnreachable",
    meaning: `At least ${times} times within ${window} Prometheus could not hand its alerts over to an Alertmanager, or to any.`,
    impact: `With an Alertmanager in the alert the others may still tell. Without one no alert reached anybody, this one neither while it lasted: then ${see("Watchdog")} is missed first.`,
    confirm: [
      {
        question: "Which Alertmanager does not take alerts? By none: alerts were lost until they were sent again.",
        look: query(increase(prometheus.series(prometheusOwn.notTaken), window)),
      },
      {
        question: "Were there alerts that none of them has taken?",
        look: query(increase(prometheus.series(prometheusOwn.notTakenByAny), window)),
      },
      {
        question: "Which Alertmanagers can be scraped (1)?",
        look: query(alertmanager.series(prometheusMetrics.up)),
      },
    ],
    causes: [
      {
        cause: "Alertmanager is down",
        look: shell("curl -sS -m 5 http://localhost:9093/-/ready"),
        sign: "It does not answer, or it cannot be scraped either.",
        mend: `Start it; read ${see("MonitoringConfigNotLoaded")} if it ends at once: with a configuration that it refuses it does not start.`,
      },
      {
        cause: "Prometheus knows another address, or none",
        look: shell("curl -sS http://localhost:9090/api/v1/alertmanagers"),
        sign: "`activeAlertmanagers` is empty, or names what is no Alertmanager.",
        mend: "Correct `alertmanagers` in the options, generate the files and reload Prometheus.",
      },
      {
        cause: "Something between them refuses",
        look: shell("docker compose logs --since 15m prometheus | grep -i 'sending alert'"),
        sign: `Alertmanager answers, and is scraped as the job ${jobName}; the line tells of a status of 4xx or of a certificate.`,
        mend: "Give Prometheus what the proxy asks for, under `alerting` of its configuration.",
      },
    ],
    actions: [
      "Read what fires in Prometheus itself, under /alerts, until Alertmanager takes alerts again.",
      "Afterwards look through the alerts of the time in between: those that were over before are not told later.",
    ],
    escalate: "No Alertmanager takes alerts for 15 minutes: wake the owner of the monitoring.",
    resolves: `At most ${window} after alerts are taken again.`,
  };
}

function evaluationsFailing({ options, watchers: { prometheus } }: Context): Runbook {
  const { times, window } = options.alerts.RuleEvaluationsFailing;
  const failures = increase(prometheus.series(prometheusOwn.ruleFailures), window);
  return {
    alert: "MCPHangarRuleEvaluationsFailing",
    meaning: `At least ${times} evaluations of rules of the group in the alert have failed within ${window}.`,
    impact:
      "A rule that fails gives nothing: an alert cannot fire, and what stands upon a recorded series has no value. The other rules of the group go on.",
    confirm: [
      { question: "Which groups fail, and how often?", look: query(sum(failures, by("instance", "rule_group"))) },
      {
        question: "Which rules, and with what error?",
        look: shell(
          "curl -sS http://localhost:9090/api/v1/rules | jq -r '.data.groups[].rules[] | select(.health == \"err\") | [.name, .lastError] | @tsv'",
        ),
      },
    ],
    causes: [
      {
        cause: "Series meet that should not",
        sign: "`many-to-many matching` or `duplicate series`: two targets have the same labels, or a label that tells them apart is missing.",
        mend: "Give the targets labels that tell them apart, and name these in `targetLabels`. Right after a deployment it ends by itself.",
      },
      {
        cause: "It takes too long or too much",
        sign: "`query timed out` or `too many samples`.",
        mend: "Give Prometheus more CPU or memory, or look which metric has grown (http://localhost:9090/tsdb-status).",
      },
      {
        cause: "Its storage fails",
        look: shell("df -h", "docker compose logs --since 15m prometheus | grep -iE 'level=(error|warn)'"),
        sign: "All groups fail at once; the disk is full, or the log tells of a damaged block.",
        mend: "Free space; remove a damaged block and restart Prometheus.",
      },
    ],
    actions: [
      "Watch by hand what the failing alerts would tell, until they are evaluated again.",
      "After a change of rules go back to those before, and check the new ones: `promtool check rules /etc/prometheus/alerts.yaml`.",
    ],
    escalate:
      "Critical alerts are among the failing rules and it is not mended within 30 minutes: wake the owner of the monitoring.",
    resolves: `When fewer than ${times} evaluations have failed within ${window}.`,
  };
}

function configNotLoaded({ options, watchers }: Context): Runbook {
  const setting = options.alerts.MonitoringConfigNotLoaded;
  return {
    alert: "MCPHangarMonitoringConfigNotLoaded",
    meaning: `For ${setting.for} the Prometheus or Alertmanager in the alert has gone on with a configuration that is not the one it read last.`,
    impact:
      "What was changed is not in force: rules, targets, routes or receivers. After a restart it would not start at all, and nobody would be told of anything.",
    confirm: [
      { question: "Which Prometheus (0)?", look: query(watchers.prometheus.series(prometheusOwn.configLoaded)) },
      { question: "Which Alertmanager (0)?", look: query(watchers.alertmanager.series(alertmanagerOwn.configLoaded)) },
    ],
    causes: [
      {
        cause: "A mistake in the configuration of Prometheus or in a file of rules",
        look: shell("promtool check config /etc/prometheus/prometheus.yaml"),
        sign: "It names the file and the line.",
        mend: "Generate the files anew, or correct what was written by hand.",
      },
      {
        cause: "A mistake in the configuration of Alertmanager",
        look: shell("amtool check-config /etc/alertmanager/alertmanager.yaml"),
        sign: "It names the line, the receiver that is not there, or the key that this version does not know.",
        mend: "Generate the file anew, or correct what was written by hand.",
      },
      {
        cause: "A file cannot be read",
        look: shell("ls -l /etc/prometheus /etc/alertmanager"),
        sign: "The checks succeed as another user; a file belongs to somebody else, or is not there.",
        mend: "Deploy it again, readable for the user of the process.",
      },
    ],
    actions: [
      "Do not restart it before the check succeeds.",
      "Then reload it: `curl -X POST http://localhost:9090/-/reload` (9093 for Alertmanager), or send it SIGHUP.",
    ],
    escalate: "Not at night: tell whoever changed the files.",
    resolves: "With the next reload that succeeds.",
  };
}
