import { ALERT_PREFIX } from "../../src/names.ts";
import { markdownTable } from "../../src/render/markdown.ts";
import type { Detected } from "./detect.ts";
import { type FleetModel, fleets, SLOWER_THAN_3, SLOWER_THAN_5 } from "./fleets.ts";
import type { Results, VersionResults } from "./results.ts";

/** Minutes of an incident's film in which all is well. */
const BEGINS = 10;

/** The page of the docs about false pages and detection. */
export function monthPage({ days, before, now }: Results): string {
  return [
    "# False pages, and how soon a real one comes",
    "<!-- Generated from packages/monitoring/test/month. Do not edit: play it again with `pnpm --filter @mcp-hangar/monitoring month`. -->",
    `${days} days without an incident, in three fleets, minute by minute and the same in every run: by day more calls than by night, failures that come by chance, agents that call a tool wrongly a few times in a row, deployments, lost scrapes, single crashes, shaky health checks and breakers that open once. A Prometheus that knows this past evaluates all rules in every minute of it (windows from a day on in every fifth); an alert fires when it is true for as long as its \`for\`. Memory, CPU and the calls of one server are those of a fleet that is well; what only the end of a machine tells (heap, files, clock) is not in the films.`,
    markdownTable(
      ["Fleet", "Gateways", "Servers", "Calls a minute", "Of them fail", "Above 3 s, 5 s"],
      fleets.map(rowOf),
    ),
    "## What fired without an incident",
    `Alerts that are not in the table have never fired. *Before* are the rules of ${before.commit}, whose alerts on shares have no minimum.`,
    markdownTable(
      ["Alert", "Severity", ...fleets.flatMap(({ name }) => [`${name}, before`, `${name}, now`])],
      firedRows(before, now),
    ),
    "## How soon an incident is told",
    "Minutes from the beginning of each incident to the first page and to the first warning, as promtool plays them, each with the alert that tells it. That alerts hold others back is not considered here; [incidents](incidents.md) does.",
    markdownTable(["Incident", "Page before", "Page now", "Warning before", "Warning now"], detectedRows(before, now)),
    "",
  ].join("\n\n");
}

function rowOf({ name, gateways, servers, callsAMinute, failing }: FleetModel): readonly string[] {
  const percent = (share: number): string => `${Number((100 * share).toFixed(2))} %`;
  return [
    name,
    String(gateways),
    String(servers),
    String(gateways * callsAMinute),
    percent(failing),
    `${percent(SLOWER_THAN_3)}, ${percent(SLOWER_THAN_5)}`,
  ];
}

const SEVERITIES = ["critical", "warning", "info"];

function firedRows(before: VersionResults, now: VersionResults): readonly (readonly string[])[] {
  const all = [before, now].flatMap(({ months }) => Object.values(months).flat());
  const keys = [
    ...new Set(all.map(({ name, severity }) => `${SEVERITIES.indexOf(severity)} ${name} ${severity}`)),
  ].sort();
  return keys.map((key) => {
    const [, name = "", severity = ""] = key.split(" ");
    const times = ({ months }: VersionResults, fleet: string): string =>
      String(months[fleet]?.find((each) => each.name === name && each.severity === severity)?.times ?? 0);
    return [short(name), severity, ...fleets.flatMap((fleet) => [times(before, fleet.name), times(now, fleet.name)])];
  });
}

function detectedRows(before: VersionResults, now: VersionResults): readonly (readonly string[])[] {
  return Object.keys(now.incidents).map((what) => [
    what,
    ...["critical", "warning"].flatMap((severity) =>
      [before, now].map(({ incidents }) => first(incidents[what] ?? [], severity)),
    ),
  ]);
}

function first(detected: readonly Detected[], severity: string): string {
  const found = detected.find((each) => each.severity === severity);
  if (found === undefined) return "–";
  return `${Number((found.seconds / 60 - BEGINS).toFixed(1))}, ${short(found.name)}`;
}

function short(name: string): string {
  return name.slice(ALERT_PREFIX.length);
}
