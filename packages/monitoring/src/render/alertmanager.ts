import type { Inhibition, Receiver, Route, Routing } from "../model.ts";

/** `alertmanager.yaml`. Secrets are names of files, so the configuration can be read and committed. */
export function alertmanagerConfig(routing: Routing): object {
  return {
    route: {
      receiver: routing.defaultReceiver,
      group_by: routing.groupBy,
      group_wait: routing.groupWait,
      group_interval: routing.groupInterval,
      repeat_interval: routing.repeatInterval,
      routes: routing.routes.map(routeOf),
    },
    inhibit_rules: routing.inhibitions.map(inhibitionOf),
    receivers: routing.receivers.map(receiverOf),
  };
}

function routeOf({ match, receiver, groupBy, groupWait, groupInterval, repeatInterval }: Route): object {
  return {
    matchers: matchersOf(match),
    receiver,
    group_by: groupBy,
    group_wait: groupWait,
    group_interval: groupInterval,
    repeat_interval: repeatInterval,
  };
}

function inhibitionOf({ sources, sourceMatch, targets, targetMatch, equal }: Inhibition): object {
  return {
    source_matchers: [`alertname=~"${sources.join("|")}"`, ...matchersOf(sourceMatch)],
    target_matchers: [`alertname=~"${targets.join("|")}"`, ...matchersOf(targetMatch)],
    equal,
  };
}

const TITLE = "{{ .CommonAnnotations.summary }}";

function receiverOf(receiver: Receiver): object {
  const { name } = receiver;
  switch (receiver.kind) {
    case "webhook":
      return { name, webhook_configs: [{ url: receiver.url, send_resolved: receiver.sendResolved }] };
    case "pagerduty":
      return {
        name,
        pagerduty_configs: [
          {
            routing_key_file: receiver.routingKeyFile,
            url: receiver.url,
            severity: "{{ .CommonLabels.severity }}",
            description: TITLE,
            client: "MCP Hangar",
            client_url: "{{ .CommonAnnotations.dashboard_url }}",
            details: { description: EACH_DESCRIPTION, runbook: "{{ .CommonAnnotations.runbook_url }}" },
          },
        ],
      };
    case "slack":
      return {
        name,
        slack_configs: [
          {
            api_url_file: receiver.apiUrlFile,
            channel: receiver.channel,
            send_resolved: true,
            title: `[{{ .Status | toUpper }}] {{ .CommonLabels.alertname }}`,
            title_link: "{{ .CommonAnnotations.runbook_url }}",
            text: EACH_DESCRIPTION,
          },
        ],
      };
  }
}

/** Alerts of one group may differ in their texts, which common annotations leave out. */
const EACH_DESCRIPTION = "{{ range .Alerts }}{{ .Annotations.description }}\n{{ end }}";

function matchersOf(match: Readonly<Record<string, string>> = {}): readonly string[] {
  return Object.entries(match).map(([label, value]) => `${label}="${value}"`);
}
