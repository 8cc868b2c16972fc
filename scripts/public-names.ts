// Breaking changes of public names since the last release demand a changeset that says so:
//   node scripts/public-names.ts [folder of the repository]
// What is breaking, `mcp-hangar-monitoring diff` decides (docs/adr/0011-public-names.md). Exit codes: 0 all is well or
// nothing was released yet, 1 a changeset is missing, 2 it could not be found out.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readChangesets } from "@changesets/read";

const METRICS = "@mcp-hangar/telemetry";
const RULES = "@mcp-hangar/monitoring";
/** Where each package keeps its version. */
const FOLDERS = { [METRICS]: "packages/telemetry", [RULES]: "packages/monitoring" } as const;
type Package = keyof typeof FOLDERS;

const CATALOG = "monitoring/catalog.json";
const CLI = join(import.meta.dirname, "../packages/monitoring/src/cli.ts");

interface Change {
  readonly impact: string;
  readonly subject: string;
  readonly name: string;
  readonly detail: string;
  readonly renamedTo?: string;
}

try {
  process.exitCode = await check(resolve(process.argv[2] ?? join(import.meta.dirname, "..")));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}

async function check(root: string): Promise<number> {
  const release = lastRelease(root);
  if (release === undefined)
    return say(0, `There is no release yet: no tag ${METRICS}@x.y.z leads here. Nothing to compare.`);
  if (git(root, "ls-tree", "--name-only", release, "--", CATALOG) === "") {
    return say(0, `${release} has no ${CATALOG}. Nothing to compare.`);
  }
  const breaking = changesSince(root, git(root, "show", `${release}:${CATALOG}`)).filter(
    ({ impact }) => impact === "breaking",
  );
  if (breaking.length === 0) return say(0, `No public name of ${release} is broken.`);
  const announced = await majors(root, release);
  const missing = [...new Set(breaking.map(packageOf))].filter((name) => !announced.has(name));
  const list = breaking.map(({ subject, name, detail, renamedTo }) => {
    return `  ${subject} ${name}: ${detail}${renamedTo === undefined ? "" : `; looks like a rename to ${renamedTo}`}`;
  });
  if (missing.length === 0) {
    return say(0, [`Broken since ${release}, and announced by a major changeset:`, ...list].join("\n"));
  }
  return say(
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

function changesSince(root: string, before: string): readonly Change[] {
  const args = ["--conditions=@mcp-hangar/source", CLI, "diff", "-", join(root, CATALOG), "--json"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { input: before, encoding: "utf8" });
  if (status !== 0 && status !== 1) throw new Error(`mcp-hangar-monitoring diff ended with ${status}: ${stderr}`);
  return (JSON.parse(stdout) as { readonly changes: readonly Change[] }).changes;
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

function say(code: number, text: string): number {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  return code;
}
