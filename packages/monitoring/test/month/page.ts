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
    `${days} days without an incident, in three fleets, minute by minute and the same in every run: by day more calls than by night, failures that come by chance, agents that call a tool wrongly or cut batches short a few times in a row, deployments of which one in seven is taken back, lost scrapes, single crashes, servers that stop when nobody calls, and checks, sweeps and batches that are slow now and then. Gateways come near their limits for a minute or two (memory, heap, files, sessions, event loop, clock); a remote server, a source of servers, a collector of traces and the sink of the audit journal are away for minutes; a configuration with an error in it is mended. A receiver refuses a notification and takes the next, Alertmanager is away for up to four minutes, a rule fails once or twice, and a configuration of the monitoring is refused at first. A Prometheus that knows this past evaluates all rules in every minute of it (windows from a day on in every fifth); an alert fires when it is true for as long as its \`for\`.`,
    "Every alert reads something in the films. Not in them is what is an incident when it happens once, such as a lost audit record or a journal that is not as it was written, and a breaker that opens again after its pause while somebody calls.",
    markdownTable(
      ["Fleet", "Gateways", "Servers", "Calls a minute", "Of them fail", "Above 3 s, 5 s"],
      fleets.map(rowOf),
    ),
    "## What fired without an incident",
    `Alerts that are not in the table have never fired. *Before* are the rules of ${before.commit}, whose alerts on shares have no minimum. ToolDefinitionsChanged and McpServerStarted tell of what did happen: new versions of the remote server, and starts, also of servers that were idle.`,
    markdownTable(
      ["Alert", "Severity", ...fleets.flatMap(({ name }) => [`${name}, before`, `${name}, now`])],
      firedRows(before, now),
    ),
    "## How soon an incident is told",
    "Minutes from the beginning of each incident to the first page and to the first warning, as promtool plays them, each with the alert that tells it. That alerts hold others back is not considered here; [incidents](incidents.md) does. All is well for ten minutes before, and nobody knows of more: burn rates, which since count what nobody saw as good, tell later here than where the gateway is older than their windows.",
    markdownTable(["Incident", "Page before", "Page now", "Warning before", "Warning now"], detectedRows(before, now)),
    "## How soon each alert tells",
    "Minutes from the beginning of an incident until the alert fires, whether others have fired before or not: the incident of those above that it tells soonest. A dash is an alert that did not exist, or that tells none of them.",
    markdownTable(["Alert", "Severity", "Before", "Now", "Incident"], alertRows(before, now)),
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

/** Every alert that has told an incident, by its name. */
function alertRows(before: VersionResults, now: VersionResults): readonly (readonly string[])[] {
  const soonest = ({ incidents }: VersionResults): ReadonlyMap<string, Detected & { readonly what: string }> => {
    const all = Object.entries(incidents).flatMap(([what, detected]) => detected.map((each) => ({ ...each, what })));
    // The last one that is set under a key stays.
    const latestFirst = all.toSorted((one, other) => other.seconds - one.seconds);
    return new Map(latestFirst.map((each) => [`${each.name} ${each.severity}`, each]));
  };
  const [then, today] = [soonest(before), soonest(now)];
  return [...today]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, { name, severity, seconds, what }]) => {
      const former = then.get(key);
      return [
        short(name),
        severity,
        former === undefined ? "–" : minutesAfter(former.seconds),
        minutesAfter(seconds),
        what,
      ];
    });
}

function minutesAfter(seconds: number): string {
  return String(Number((seconds / 60 - BEGINS).toFixed(1)));
}

function first(detected: readonly Detected[], severity: string): string {
  const found = detected.find((each) => each.severity === severity);
  if (found === undefined) return "–";
  return `${minutesAfter(found.seconds)}, ${short(found.name)}`;
}

function short(name: string): string {
  return name.slice(ALERT_PREFIX.length);
}
