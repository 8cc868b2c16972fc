import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { runProcess } from "@mcp-hangar/testing";
import { temporaryFolder } from "./temporary-folder.ts";
import { packageFile } from "./workspace.ts";

/** The requirement sets that the suite ships; each runs at its own protocol revision. */
export const REQUIREMENT_SETS = ["2025-11-25", "2026-07-28"] as const;
export type RequirementSet = (typeof REQUIREMENT_SETS)[number];

/** What the official conformance suite found out about one server. */
export interface ConformanceReport {
  /** The suite's own verdict: 0 if everything required passed. */
  readonly exitCode: number | null;
  /** The suite's closing summary, for the reader of a failing test. */
  readonly summary: string;
  /** Outcome of each check of each scenario: `scenario/check` → SUCCESS, FAILURE, WARNING, INFO or SKIPPED. */
  readonly checks: Readonly<Record<string, string>>;
  /** Scenarios that the requirement set runs and does not demand, by why: `pending`, `extension`, `added-after-release`. */
  readonly unscored: Readonly<Record<string, string>>;
}

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}

const CLI = packageFile("@modelcontextprotocol/conformance/dist/index.js");

/** Runs every scenario of a requirement set against `url`, those that are pending and extensions included. */
export async function runConformanceSuite(url: string, requirements: RequirementSet): Promise<ConformanceReport> {
  await using folder = await temporaryFolder();
  const args = [CLI, "server", "--url", url, "--requirements", requirements, "-o", folder.path];
  const { code, stdout } = await runProcess({ command: process.execPath, args, cwd: folder.path }, 120_000);
  const summary = stdout.slice(Math.max(0, stdout.indexOf("=== SUMMARY ===")));
  const unscored = Object.fromEntries(
    [...(summary.split("Not scored").at(1) ?? "").matchAll(/[✓✗] ([\w-]+) \(([\w-]+)\)/g)].map(([, name, why]) => [
      String(name),
      String(why),
    ]),
  );
  const checks: Record<string, string> = {};
  for (const name of await readdir(folder.path)) {
    const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(name)?.[1];
    if (scenario === undefined) continue;
    // The suite writes this file itself, with this shape.
    const found = JSON.parse(await readFile(join(folder.path, name, "checks.json"), "utf8")) as Check[];
    for (const { id, status } of found) checks[freshKey(checks, `${scenario}/${id}`)] = status;
  }
  return { exitCode: code, summary, checks, unscored };
}

/** Runs one scenario against `url`, of the newest revision unless told: `name of the check: outcome` of each check, in order. */
export async function runConformanceScenario(
  url: string,
  scenario: string,
  revision: RequirementSet = "2026-07-28",
): Promise<readonly string[]> {
  return runScenario(["server", "--url", url], scenario, revision);
}

/** Runs a client, to which the suite gives the address of a server of its own, in one scenario: each check that judges it, as above. */
export async function runConformanceClient(
  args: readonly string[],
  scenario: string,
  revision: RequirementSet,
): Promise<readonly string[]> {
  const command = [process.execPath, ...args].join(" ");
  const checks = await runScenario(["client", "--command", command], scenario, revision);
  return checks.filter((check) => !check.endsWith(": INFO"));
}

async function runScenario(
  about: readonly string[],
  scenario: string,
  revision: RequirementSet,
): Promise<readonly string[]> {
  await using folder = await temporaryFolder();
  const args = [CLI, ...about, "--scenario", scenario, "--spec-version", revision, "-o", folder.path];
  const { stdout, stderr } = await runProcess({ command: process.execPath, args, cwd: folder.path }, 60_000);
  const [name] = await readdir(folder.path);
  if (name === undefined) throw new Error(`the suite ran nothing: ${stdout}${stderr}`);
  // The suite writes this file itself, with this shape.
  const found = JSON.parse(await readFile(join(folder.path, name, "checks.json"), "utf8")) as (Check & {
    name: string;
  })[];
  return found.map((check) => `${check.name}: ${check.status}`);
}

/** Names of the required scenarios in a report of which no check failed. */
export function passedScenarios({ checks, unscored }: ConformanceReport): readonly string[] {
  const entries = Object.entries(checks).map(([key, status]) => [key.split("/", 1)[0] ?? "", status] as const);
  const failed = new Set(entries.filter(([, status]) => status === "FAILURE").map(([scenario]) => scenario));
  return [...new Set(entries.map(([scenario]) => scenario))]
    .filter((scenario) => !failed.has(scenario) && unscored[scenario] === undefined)
    .sort();
}

/**
 * Checks that came out worse in `through` than in `direct`, as `check: status → status`. A check that the suite
 * reports as merely informative, such as an answer in JSON instead of an event stream, is as good as a success. Of scenarios that
 * are not demanded, those checks count that succeeded: what is no success may be of something that needs no check behind the gateway.
 */
export function worsened(direct: ConformanceReport, through: ConformanceReport): readonly string[] {
  return Object.entries(direct.checks).flatMap(([check, before]) => {
    const after = through.checks[check] ?? "MISSING";
    if (before !== "SUCCESS" && direct.unscored[check.split("/", 1)[0] ?? ""] !== undefined) return [];
    return (BADNESS[after] ?? 3) > (BADNESS[before] ?? 0) ? [`${check}: ${before} → ${after}`] : [];
  });
}

/** Checks that came out otherwise in `through` than in `direct`, as `[check, before, after]`; a check that is not there is MISSING. */
export function differences(
  direct: ConformanceReport,
  through: ConformanceReport,
): readonly (readonly [check: string, before: string, after: string])[] {
  const checks = [...new Set([direct, through].flatMap((report) => Object.keys(report.checks)))].sort();
  return checks
    .map((check) => [check, direct.checks[check] ?? "MISSING", through.checks[check] ?? "MISSING"] as const)
    .filter(([, before, after]) => before !== after);
}

const BADNESS: Readonly<Record<string, number>> = {
  SUCCESS: 0,
  INFO: 0,
  SKIPPED: 1,
  WARNING: 1,
  FAILURE: 2,
  MISSING: 3,
};

/** A scenario may report a check more than once; each report counts. */
function freshKey(checks: Readonly<Record<string, string>>, key: string): string {
  let candidate = key;
  for (let count = 2; candidate in checks; count += 1) candidate = `${key}#${count}`;
  return candidate;
}
