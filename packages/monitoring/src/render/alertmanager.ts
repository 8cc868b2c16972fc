import type { Inhibition, Receiver, Route, Routing } from "../model.ts";

/** `alertmanager.yaml`. Secrets are names of files, so the configuration can be read and committed. */
export function alertmanagerConfig(given: Routing, targetLabels: readonly string[] = []): object {
  const routing = apart(given, targetLabels);
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

/** Routing that takes alerts of different clusters for different ones. */
function apart(routing: Routing, labels: readonly string[]): Routing {
  const wider = (names: readonly string[]): readonly string[] => [...new Set([...names, ...labels])];
  return {
    ...routing,
    groupBy: wider(routing.groupBy),
    routes: routing.routes.map(({ groupBy, ...route }) =>
      groupBy === undefined ? route : { ...route, groupBy: wider(groupBy) },
    ),
    inhibitions: routing.inhibitions.map((each) => ({ ...each, equal: wider(each.equal) })),
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

function receiverOf(receiver: Receiver): object {
  const { name } = receiver;
  switch (receiver.kind) {
    case "webhook":
      return { name, webhook_configs: [{ url: receiver.url, send_resolved: receiver.sendResolved }] };
    case "pagerduty":
      return { name, pagerduty_configs: [pagerDutyConfig(receiver)] };
    case "slack":
      return { name, slack_configs: [slackConfig(receiver)] };
  }
}

function pagerDutyConfig({ routingKeyFile, url, severity, texts }: Extract<Receiver, { kind: "pagerduty" }>): object {
  const { summary, dashboard, runbook, firing, resolved } = texts;
  return {
    routing_key_file: routingKeyFile,
    url,
    severity,
    description: summary,
    client: "MCP Hangar",
    client_url: dashboard,
    details: { firing, resolved, runbook },
  };
}

function slackConfig({ apiUrlFile, channel, texts }: Extract<Receiver, { kind: "slack" }>): object {
  const { title, titleLink, text, fallback } = texts;
  return { api_url_file: apiUrlFile, channel, send_resolved: true, title, title_link: titleLink, text, fallback };
}

function matchersOf(match: Readonly<Record<string, string>> = {}): readonly string[] {
  return Object.entries(match).map(([label, value]) => `${label}="${value}"`);
}
