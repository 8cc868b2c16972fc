import { type Context, contextOf } from "./context.ts";
import { dashboardsOf } from "./dashboards.ts";
import type { Extension } from "./extension/extension.ts";
import type {
  AlertRule,
  Dashboard,
  RecordingRule,
  Routing,
  Runbook,
  Scenario,
  ScenarioWaiver,
  Slo,
  Topic,
} from "./model.ts";
import { type AlertName, settingKeyOf } from "./names.ts";
import { routingOf } from "./routing.ts";
import { runbookTopics } from "./runbooks/index.ts";
import { scenarioTopics } from "./scenarios/index.ts";
import type { AlertSetting } from "./settings/alerts.ts";
import type { MonitoringOptions } from "./settings/options.ts";
import { slosOf } from "./slo/slos.ts";
import { topics } from "./topics/index.ts";

/** Everything that is checked and rendered. */
export interface Stack {
  readonly options: MonitoringOptions;
  readonly topics: readonly Topic[];
  /** Of all topics. */
  readonly alerts: readonly AlertRule[];
  /** Of all topics, in the order of their evaluation. */
  readonly recordingRules: readonly RecordingRule[];
  readonly slos: readonly Slo[];
  readonly routing: Routing;
  readonly dashboards: readonly Dashboard[];
  readonly runbooks: readonly Runbook[];
  readonly scenarios: readonly Scenario[];
  /** Why alerts have no scenario of a kind. */
  readonly scenarioWaivers: readonly ScenarioWaiver[];
}

/** Builds the stack for these options, with an installation's own alerts and dashboards; nothing is checked yet. */
export function buildStack(options: MonitoringOptions, extension: Extension = {}): Stack {
  const context = contextOf(options);
  const own = extension.topic?.(context);
  const ownTopic: readonly Topic[] = own === undefined ? [] : [{ name: "own", ...own }];
  const built = [...topics.map((topic) => enabledOnly(topic(context), context)), ...ownTopic];
  const coverages = [
    ...built.flatMap((topic) => scenarioTopics[topic.name]?.(context, topic) ?? []),
    ...ownTopic.flatMap((topic) => extension.scenarios?.(context, topic) ?? []),
  ];
  return {
    options,
    topics: built,
    alerts: built.flatMap(({ alerts }) => alerts),
    recordingRules: built.flatMap(({ recordingRules }) => recordingRules),
    slos: Object.values(slosOf(options)),
    routing: routingOf(options),
    dashboards: dashboardsOf(context, built, extension.dashboards),
    runbooks: [...runbookTopics, ...(extension.runbooks === undefined ? [] : [extension.runbooks])].flatMap(
      (runbooks) => runbooks(context).filter(({ alert }) => isEnabled(alert, context)),
    ),
    scenarios: coverages.flatMap(({ scenarios }) => scenarios),
    scenarioWaivers: coverages.flatMap(({ waivers }) => waivers),
  };
}

function enabledOnly(topic: Topic, context: Context): Topic {
  return { ...topic, alerts: topic.alerts.filter(({ name }) => isEnabled(name, context)) };
}

function isEnabled(name: AlertName, { options }: Context): boolean {
  const settings = new Map<string | undefined, AlertSetting>(Object.entries(options.alerts));
  return settings.get(settingKeyOf(name))?.enabled ?? true;
}
