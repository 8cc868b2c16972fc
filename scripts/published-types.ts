import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData, type Problem } from "@arethetypeswrong/core";

// Whether programs that are ES modules, or bundled, find the types of packages as these are published:
//
//   node scripts/published-types.ts FOLDER…
//
// In one process, for most of the work is to load a compiler.

/** Ways to import that these packages do not support: of Node.js before it knew `exports`, and by `require`. */
const UNSUPPORTED: readonly string[] = ["node10", "node16-cjs"];

const folders = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), "published-types-"));
try {
  if (folders.length === 0) throw new Error("no folder of a package is named");
  for (const [number, folder] of folders.entries()) {
    const problems = await problemsOf(pack(folder, join(work, String(number))));
    if (problems.length === 0) continue;
    process.exitCode = 1;
    for (const problem of problems) process.stderr.write(`${folder}: ${JSON.stringify(problem)}\n`);
  }
} finally {
  rmSync(work, { recursive: true });
}

/** The archive of a package as pnpm publishes it. */
function pack(folder: string, destination: string): Uint8Array {
  execFileSync("pnpm", ["pack", "--pack-destination", destination], { cwd: folder, stdio: ["ignore", "ignore", 2] });
  const [archive, ...others] = readdirSync(destination);
  if (archive === undefined || others.length > 0) throw new Error(`${folder} is not packed into one archive`);
  return readFileSync(join(destination, archive));
}

/** What is wrong with the types of a package; one without types has none that are wrong. */
async function problemsOf(archive: Uint8Array): Promise<readonly Problem[]> {
  const checked = await checkPackage(createPackageFromTarballData(archive));
  if (checked.types === false) return [];
  return checked.problems.filter(
    (problem) => !("resolutionKind" in problem && UNSUPPORTED.includes(problem.resolutionKind)),
  );
}
