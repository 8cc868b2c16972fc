import { allowedAt, isOpen, type OptionPath } from "./allowed.ts";
import { defaultOptions, type MonitoringOptions } from "./options.ts";

/** What each part of the options is about. */
const ABOUT: Readonly<Record<keyof MonitoringOptions, string>> = {
  jobName: "The job that Prometheus scrapes the gateways as. Rules look at no other.",
  targets: "Addresses of gateways, for the static scrape configuration.",
  scrapeInterval: "How often gateways are scraped. What is too short for it is stretched.",
  scrapeTimeout: "After how long a scrape is given up.",
  scrape: "How Prometheus gets into the gateway. Secrets are paths of files; an empty text is not used.",
  evaluationInterval: "How often rules are evaluated.",
  targetLabels: "Labels of targets that tell installations in one Prometheus apart, such as cluster.",
  minimumPrometheus: "The oldest Prometheus that must understand the rules.",
  runbookBaseUrl: "Runbooks are <this>/<alert>.md.",
  grafanaBaseUrl: "Dashboards are <this>/d/<uid>.",
  gatewayUrl: "The gateway as operators reach it, for links to the history of calls. Empty: no links.",
  tracesUrl: `Where traces are looked at, with \${__from} and \${__to} in milliseconds. Empty: no link.`,
  logs: "Lines of the log on dashboards, from Loki. Off: nobody is asked for a data source that is not there.",
  alertmanagers: "Addresses of Alertmanagers.",
  watchers: "How Prometheus and Alertmanager are scraped themselves, and as which jobs.",
  alerts: "Thresholds of the alerts, by name without MCPHangar.",
  slos: "Objectives of the service level objectives.",
  burn: "How SLOs are counted, and how fast a spent budget is told.",
  receivers: "Where notifications of each severity go. Secrets are paths of files.",
  notifications: "Grouping and repetition of notifications.",
  kubernetes: "The Kubernetes variants of the files.",
};

/**
 * A JSON Schema (2020-12) of what a caller may give as options: every key is optional, and its default is said. It is made
 * of the defaults and of the rules that refuse options, so that it admits exactly what they admit.
 */
export function optionsSchema(): object {
  const { properties, ...rest } = schemaOf(defaultOptions, []);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Options of mcp-hangar-monitoring",
    ...rest,
    properties: { $schema: { type: "string", description: "For editors; it changes nothing." }, ...properties },
  };
}

interface Schema {
  readonly [keyword: string]: unknown;
  readonly properties?: Readonly<Record<string, unknown>>;
}

function schemaOf(model: unknown, path: OptionPath): Schema {
  const about = path.length === 1 ? { description: ABOUT[path[0] as keyof MonitoringOptions] } : {};
  if (Array.isArray(model)) {
    // Where the default is an empty list, its items are texts.
    return { ...about, type: "array", items: required(schemaOf(model[0] ?? "", [...path, 0])), default: model };
  }
  if (typeof model === "object" && model !== null) {
    if (isOpen(path)) return { ...about, type: "object", additionalProperties: { type: "string" }, default: model };
    const entries = Object.entries(model).map(([key, value]) => [key, schemaOf(value, [...path, key])]);
    return { ...about, type: "object", additionalProperties: false, properties: Object.fromEntries(entries) };
  }
  return { ...about, ...allowedAt(path, model).schema, ...(typeof path.at(-1) === "number" ? {} : { default: model }) };
}

/** Items of lists replace those of the default as a whole, so that each needs every key. */
function required(item: Schema): Schema {
  return item.properties === undefined ? item : { ...item, required: Object.keys(item.properties) };
}
