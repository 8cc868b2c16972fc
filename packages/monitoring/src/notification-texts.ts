import type { MonitoringOptions } from "./settings/options.ts";

/** Texts of a PagerDuty event, in the template language of Alertmanager. */
export interface PagerDutyTexts {
  /** The title of the incident: what the phone reads out. */
  readonly summary: string;
  readonly dashboard: string;
  readonly runbook: string;
  readonly firing: string;
  readonly resolved: string;
}

/** Texts of a Slack message, in the template language of Alertmanager. */
export interface SlackTexts {
  readonly title: string;
  readonly titleLink: string;
  readonly text: string;
  /** What a phone shows of the message. */
  readonly fallback: string;
}

/** Alerts that a summary names. Three of {@link NAMED_CHARACTERS_MAX} stay below the 1024 characters of PagerDuty. */
const NAMED_MAX = 3;
/** Characters of each alert that a summary names. */
const NAMED_CHARACTERS_MAX = 300;
/** Alerts that a list describes; an incident of hundreds is read on the dashboard. Slack cuts messages at 40 000 characters. */
const LISTED_MAX = 20;
/** Characters of each description in a list. */
const LISTED_CHARACTERS_MAX = 500;

/** The texts of an event. Lists say `none` where there are no alerts, for PagerDuty shows every detail. */
export function pagerDutyTexts(options: MonitoringOptions): PagerDutyTexts {
  return {
    summary: `${OF_GROUP}${summaryOf("")}`,
    dashboard: dashboardOf(options),
    runbook: runbookOf(options),
    firing: listOf(".Alerts.Firing", PLAIN),
    resolved: listOf(".Alerts.Resolved", PLAIN),
  };
}

/** The texts of a message. Names may contain what Slack takes for a mention of a channel or a link, so they are escaped. */
export function slackTexts(options: MonitoringOptions): SlackTexts {
  const counted = '[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ len .Alerts.Firing }}{{ end }}]';
  return {
    title: `${counted} {{ or .CommonLabels.alertname "alerts of MCP Hangar"${SLACK_ESCAPE} }}`,
    titleLink: runbookOf(options),
    text: `${OF_GROUP}${listOf("$alerts", { escaped: SLACK_ESCAPE, link: "<{{ . }}|Dashboard>", isCounted: false })}`,
    fallback: `${counted} ${OF_GROUP}${summaryOf(SLACK_ESCAPE)}`,
  };
}

/** The alerts that fire, or all of them when the group is over. */
const OF_GROUP = "{{ $alerts := or .Alerts.Firing .Alerts }}";

/** How many alerts there are, and the first few, whatever the size of the group: its alerts differ in their texts. */
function summaryOf(escaped: string): string {
  return [
    `{{ if gt (len $alerts) 1 }}{{ len $alerts }} alerts{{ if gt (len $alerts) ${NAMED_MAX} }}, among them{{ end }}: {{ end }}`,
    `{{ range $index, $alert := $alerts }}{{ if lt $index ${NAMED_MAX} }}{{ if $index }}; {{ end }}`,
    firstOf(["Annotations.summary", "Labels.alertname"], NAMED_CHARACTERS_MAX, escaped),
    "{{ end }}{{ end }}",
  ].join("");
}

interface ListStyle {
  /** A pipeline that is appended to each text. */
  readonly escaped: string;
  /** How the address of a dashboard is written; the dot is the address. */
  readonly link: string;
  /** The last line says how many there are. */
  readonly isCounted: boolean;
}

/**
 * Alertmanager reads details of PagerDuty as YAML from 0.28 on, and a description with a colon would come out as an object: a last line
 * without one makes of every list a text.
 */
const PLAIN: ListStyle = { escaped: "", link: "{{ . }}", isCounted: true };

function listOf(alerts: string, { escaped, link, isCounted }: ListStyle): string {
  return [
    `{{ range $index, $alert := ${alerts} }}{{ if lt $index ${LISTED_MAX} }}`,
    firstOf(["Annotations.description", "Annotations.summary", "Labels.alertname"], LISTED_CHARACTERS_MAX, escaped),
    `{{ with $alert.Annotations.dashboard_url }} ${link}{{ end }}\n`,
    "{{ end }}{{ else }}none{{ end }}",
    `{{ if gt (len ${alerts}) ${LISTED_MAX} }}These are the first ${LISTED_MAX} of {{ len ${alerts} }}.\n{{ end }}`,
    isCounted ? `{{ with ${alerts} }}{{ len . }} in all{{ end }}` : "",
  ].join("");
}

/** The first of the fields of `$alert` that is not blank, cut to a length. Alerts of other rules may have none of them. */
function firstOf(fields: readonly string[], charactersMax: number, escaped: string): string {
  const branches = fields.map(
    (field) =>
      `if match "[^[:space:]]" $alert.${field} }}{{ printf "%.${charactersMax}s" $alert.${field}${escaped} }}{{ else `,
  );
  return `{{ ${branches.join("")}}}an alert without a name{{ end }}`;
}

const SLACK_ESCAPE = ' | reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;"';

/** The dashboard of all alerts in the group, or the one that shows every alert. */
function dashboardOf({ grafanaBaseUrl }: MonitoringOptions): string {
  return `{{ or .CommonAnnotations.dashboard_url ${JSON.stringify(`${grafanaBaseUrl}/d/mcp-hangar-alerts`)} }}`;
}

/** The page of all alerts in the group, or the list of pages. */
function runbookOf({ runbookBaseUrl }: MonitoringOptions): string {
  return `{{ or .CommonAnnotations.runbook_url ${JSON.stringify(`${runbookBaseUrl}/README.md`)} }}`;
}
