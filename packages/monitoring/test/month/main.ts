import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { alarming } from "../incidents/alarming.ts";
import { detect } from "./detect.ts";
import { fleets } from "./fleets.ts";
import type { RuleFile } from "./needed-rules.ts";
import { RESULTS, type Results, readResults, type VersionResults } from "./results.ts";
import { firedIn } from "./run.ts";
import { trafficOf } from "./traffic.ts";

const USAGE = `Plays a month without an incident in three fleets, and all incidents, with the rules of today and with those of a former commit,
and writes results.json. All of it takes half an hour and more.

  month                    everything
  month months [<fleet>]   the months, or that of one fleet (${fleets.map(({ name }) => name).join(", ")}); several may run beside each other
  month incidents          the incidents
  month new                incidents that are not in the file

What is not played stays in the file as it is.
`;

const DAYS = 30;
/** The last commit whose alerts on shares have no minimum. */
const BEFORE = "222eb78";
const root = join(import.meta.dirname, "../../../..");

type Rules = Parameters<typeof firedIn>[0];

const rulesOf = (read: (path: string) => string): Rules => {
  // What is parsed was generated for Prometheus, which has accepted it.
  const file = (name: string): RuleFile => loadAll(read(`monitoring/prometheus/${name}.yaml`))[0] as RuleFile;
  return { alerts: file("alerts"), records: file("recording-rules") };
};

const [, , only = "all", onlyFleet] = process.argv;
const played = fleets.filter(({ name }) => onlyFleet === undefined || name === onlyFleet);
if (!["all", "months", "incidents", "new"].includes(only) || played.length === 0) {
  process.stderr.write(USAGE);
  process.exit(only === "--help" ? 0 : 2);
}

async function monthsOf(rules: Rules): Promise<VersionResults["months"]> {
  const months: [string, VersionResults["months"][string]][] = [];
  for (const fleet of played) {
    const minutes = DAYS * 1_440;
    const fired = await firedIn(rules, trafficOf(fleet, minutes), minutes);
    months.push([fleet.name, fired.filter(({ severity }) => severity !== "none")]);
    const told = fired.map(({ name, severity, times }) => `${name} (${severity}) ${times}`);
    process.stderr.write(`${fleet.name}: ${told.join(", ")}\n`);
  }
  return Object.fromEntries(months);
}

async function incidentsOf(rules: Rules, known: VersionResults["incidents"]): Promise<VersionResults["incidents"]> {
  const open = alarming.filter(({ what }) => !Object.hasOwn(known, what));
  const found = await detect(rules, open);
  return Object.fromEntries(open.map(({ what }, at) => [what, found[at] ?? []] as const));
}

const knownResults = (): Results | undefined => (existsSync(RESULTS) ? readResults() : undefined);

async function play(rules: Rules, known: VersionResults | undefined): Promise<VersionResults> {
  return {
    months: only === "all" || only === "months" ? await monthsOf(rules) : {},
    incidents: only === "months" ? {} : await incidentsOf(rules, only === "new" ? (known?.incidents ?? {}) : {}),
  };
}

/** What was played joins what the file has by now, in the order of the definitions. */
function joined({ months, incidents }: VersionResults, known: VersionResults | undefined): VersionResults {
  const all = { months: { ...known?.months, ...months }, incidents: { ...known?.incidents, ...incidents } };
  return {
    months: Object.fromEntries(fleets.map(({ name }) => [name, all.months[name] ?? []])),
    incidents: Object.fromEntries(alarming.map(({ what }) => [what, all.incidents[what] ?? []])),
  };
}

const now = await play(
  rulesOf((path) => readFileSync(join(root, path), "utf8")),
  knownResults()?.now,
);
const before = await play(
  rulesOf((path) => execFileSync("git", ["show", `${BEFORE}:${path}`], { cwd: root, encoding: "utf8" })),
  knownResults()?.before,
);
const known = knownResults();
const results: Results = {
  days: DAYS,
  before: { commit: BEFORE, ...joined(before, known?.before) },
  now: joined(now, known?.now),
};
writeFileSync(RESULTS, `${JSON.stringify(results, undefined, 2)}\n`);
