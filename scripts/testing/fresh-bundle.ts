import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { root } from "../toolchain/pins.mjs";

const app = join(root, "apps/server");
/** Inside of the app, so that the packages which it does not hold are found. One folder for each state of the sources. */
const cache = join(app, "node_modules/.cache/bundles");
/** Bundles that are kept: a test run that began before a change still starts gateways of its own. */
const KEPT = 4;

/**
 * Setup of the projects whose tests start gateways: builds the command line of the sources as they are, unless that has been done,
 * and tells the tests where it is (`HANGAR_BUNDLE`). With `HANGAR_FROM_SOURCE=1` gateways run from sources, to debug them.
 */
export default function setup(project: TestProject): void {
  if (process.env.HANGAR_FROM_SOURCE === "1") return;
  process.env.HANGAR_BUNDLE = freshBundle();
  project.onTestsRerun(() => {
    process.env.HANGAR_BUNDLE = freshBundle();
  });
}

/**
 * The command line of the sources as they are.
 * @throws Error when it cannot be built; the bundler has said why.
 */
function freshBundle(): string {
  const folder = join(cache, stateOfSources());
  const main = join(folder, "main.js");
  if (!existsSync(main)) {
    const startedMs = performance.now();
    // Made under another name: two test runs may build the same at the same time, and a build may be interrupted.
    const unfinished = `${folder}-${process.pid}`;
    const args = [join(app, "scripts/bundle.ts"), "--out", unfinished];
    const { status } = spawnSync(process.execPath, args, { stdio: ["ignore", 2, 2] });
    if (status !== 0) throw new Error(`the bundle of the gateway cannot be built: "node ${args.join(" ")}" failed`);
    // As the manifest of the published package: where nothing says so, Node.js finds out by compiling it as something else first.
    writeFileSync(join(unfinished, "package.json"), '{ "type": "module" }\n');
    if (existsSync(main)) rmSync(unfinished, { recursive: true });
    else renameSync(unfinished, folder);
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    process.stderr.write(`bundled the gateway that tests start in ${seconds} s, because its sources have changed\n`);
  }
  const now = new Date();
  utimesSync(folder, now, now);
  forgetOldest();
  return main;
}

/** A name for the contents of everything that a bundle is made of: our sources and manifests, the bundler, the packages that are installed. */
function stateOfSources(): string {
  const hash = createHash("sha256");
  const installed = join(root, "node_modules/.pnpm/lock.yaml");
  for (const file of [installed, ...sources("packages"), ...sources("apps/server")]) {
    hash.update(`${file}\n`).update(readFileSync(file)).update("\n");
  }
  return hash.digest("hex").slice(0, 16);
}

/** Files of the folders `src` and `scripts` and the manifests below a folder of the workspace, in their order. */
function sources(folder: string): readonly string[] {
  const path = join(root, folder);
  const packages = existsSync(join(path, "package.json")) ? [path] : readdirSync(path).map((name) => join(path, name));
  return packages.flatMap((each) => [
    join(each, "package.json"),
    ...["src", "scripts"]
      .map((name) => join(each, name))
      .flatMap((below) => (existsSync(below) ? filesBelow(below) : [])),
  ]);
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

function forgetOldest(): void {
  const byAge = readdirSync(cache)
    .map((name) => ({ path: join(cache, name), usedMs: statSync(join(cache, name)).mtimeMs }))
    .sort((one, other) => other.usedMs - one.usedMs);
  for (const { path } of byAge.slice(KEPT)) rmSync(path, { recursive: true, force: true });
}
