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

/**
 * Plays a month without an incident in three fleets, and all incidents, with the rules of today and with those of a former commit, and
 * writes `results.json`. Both together take a quarter of an hour: `node main.ts months` and `node main.ts incidents` play one of them and
 * leave the other as it is, `node main.ts months normal` plays one fleet, and `node main.ts new` incidents that are not in the file.
 */
const [, , only, onlyFleet] = process.argv;
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
const today = rulesOf((path) => readFileSync(join(root, path), "utf8"));
const former = rulesOf((path) => execFileSync("git", ["show", `${BEFORE}:${path}`], { cwd: root, encoding: "utf8" }));

async function monthsOf(rules: Rules, known: VersionResults["months"]): Promise<VersionResults["months"]> {
  const months: [string, VersionResults["months"][string]][] = [];
  for (const fleet of fleets) {
    const minutes = DAYS * 1_440;
    if (onlyFleet !== undefined && fleet.name !== onlyFleet) {
      months.push([fleet.name, known[fleet.name] ?? []]);
      continue;
    }
    const fired = await firedIn(rules, trafficOf(fleet, minutes), minutes);
    months.push([fleet.name, fired.filter(({ severity }) => severity !== "none")]);
    process.stderr.write(`${fleet.name}: played\n`);
  }
  return Object.fromEntries(months);
}

async function incidentsOf(rules: Rules, known: VersionResults["incidents"]): Promise<VersionResults["incidents"]> {
  const open = alarming.filter(({ what }) => !Object.hasOwn(known, what));
  const found = await detect(rules, open);
  const all = { ...known, ...Object.fromEntries(open.map(({ what }, at) => [what, found[at] ?? []] as const)) };
  return Object.fromEntries(alarming.map(({ what }) => [what, all[what] ?? []]));
}

async function play(rules: Rules, known: VersionResults | undefined): Promise<VersionResults> {
  const { months = {}, incidents = {} } = known ?? {};
  return {
    months: only === "incidents" || only === "new" ? months : await monthsOf(rules, months),
    incidents: only === "months" ? incidents : await incidentsOf(rules, only === "new" ? incidents : {}),
  };
}

const known = existsSync(RESULTS) ? readResults() : undefined;
const now = await play(today, known?.now);
const before = { commit: BEFORE, ...(await play(former, known?.before)) };
writeFileSync(RESULTS, `${JSON.stringify({ days: DAYS, before, now } satisfies Results, undefined, 2)}\n`);
