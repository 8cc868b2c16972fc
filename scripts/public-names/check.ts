import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readChangesets } from "@changesets/read";
import { readCatalog } from "../../packages/monitoring/src/cli/read-catalog.ts";
import type { Change } from "../../packages/monitoring/src/diff/changes.ts";
import { diffCatalogs } from "../../packages/monitoring/src/diff/diff.ts";
import { parseLock } from "../../packages/monitoring/src/diff/parse-lock.ts";
import { changeLine } from "../../packages/monitoring/src/diff/report.ts";

const METRICS = "@mcp-hangar/telemetry";
const RULES = "@mcp-hangar/monitoring";
/** Where each package keeps its version. */
const FOLDERS = { [METRICS]: "packages/telemetry", [RULES]: "packages/monitoring" } as const;
type Package = keyof typeof FOLDERS;

const CATALOG = "monitoring/catalog.json";

/** What was found: 0 all is well or nothing was released yet, 1 a changeset is missing, 2 it could not be found out. */
export interface Finding {
  readonly code: 0 | 1 | 2;
  readonly text: string;
}

/**
 * Whether every breaking change of a public name since the last release is announced by a changeset. What is breaking,
 * `diff` of `@mcp-hangar/monitoring` decides.
 */
export async function checkPublicNames(root: string): Promise<Finding> {
  try {
    return await check(root);
  } catch (error) {
    return { code: 2, text: error instanceof Error ? error.message : String(error) };
  }
}

async function check(root: string): Promise<Finding> {
  const release = lastRelease(root);
  if (release === undefined)
    return found(0, `There is no release yet: no tag ${METRICS}@x.y.z leads here. Nothing to compare.`);
  if (git(root, "ls-tree", "--name-only", release, "--", CATALOG) === "") {
    return found(0, `${release} has no ${CATALOG}. Nothing to compare.`);
  }
  const breaking = (await changesSince(root, release)).filter(({ impact }) => impact === "breaking");
  if (breaking.length === 0) return found(0, `No public name of ${release} is broken.`);
  const announced = await majors(root, release);
  const missing = [...new Set(breaking.map(packageOf))].filter((name) => !announced.has(name));
  const list = breaking.map((each) => `  ${changeLine(each)}`);
  if (missing.length === 0) {
    return found(0, [`Broken since ${release}, and announced by a major changeset:`, ...list].join("\n"));
  }
  return found(
    1,
    [
      `These changes break what users have built upon ${release}:`,
      ...list,
      `They demand a changeset with ${missing.map((name) => `"${name}": major`).join(" and ")}, which tells users what to`,
      'change: run "pnpm changeset". Or take the changes back.',
    ].join("\n"),
  );
}

/** The tag of the latest version that is part of the history of HEAD. */
function lastRelease(root: string): string | undefined {
  const pattern = `${METRICS}@[0-9]*`;
  // A pre-release comes before its release.
  const sorted = [
    "-c",
    "versionsort.suffix=-",
    "tag",
    "--list",
    pattern,
    "--merged",
    "HEAD",
    "--sort=-version:refname",
  ];
  return git(root, ...sorted).split("\n")[0] || undefined;
}

async function changesSince(root: string, release: string): Promise<readonly Change[]> {
  const before = parseLock(git(root, "show", `${release}:${CATALOG}`), `${CATALOG} of ${release}`);
  // A file, so nothing is read from the standard input.
  return diffCatalogs(before, await readCatalog(join(root, CATALOG), process.stdin));
}

/** Metrics are the work of one package, the rules over them of another. */
function packageOf({ subject }: Change): Package {
  return subject === "metric" ? METRICS : RULES;
}

/** The packages that the next release makes a major version of, or that have become one since: a release is under way. */
async function majors(root: string, release: string): Promise<ReadonlySet<string>> {
  const pending = (await readChangesets(root)).flatMap(({ releases }) => releases);
  const released = majorOf(release.slice(METRICS.length + 1));
  const raised = Object.entries(FOLDERS).filter(([, folder]) => majorOf(versionIn(join(root, folder))) > released);
  return new Set([
    ...pending.filter(({ type }) => type === "major").map(({ name }) => name),
    ...raised.map(([name]) => name),
  ]);
}

function versionIn(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly version: string }).version;
}

function majorOf(version: string): number {
  return Number.parseInt(version, 10);
}

function git(root: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync("git", ["-C", root, ...args], {
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20,
  });
  if (status !== 0) throw new Error(`git ${args.join(" ")} failed: ${error?.message ?? stderr.trim()}`);
  return stdout.trimEnd();
}

function found(code: Finding["code"], text: string): Finding {
  return { code, text };
}
