import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { root } from "../toolchain/pins.mjs";
import { filesBelow } from "./files-below.ts";
import { freshPrograms } from "./fresh-programs.ts";
import { keptFolder } from "./kept-folder.ts";

const app = join(root, "apps/server");
/** Inside of the app, so that the packages which it does not hold are found. One folder for each state of the sources. */
const cache = join(app, "node_modules/.cache/bundles");

/**
 * Setup of the projects whose tests start gateways: builds the command line of the sources as they are, unless that has been done,
 * and tells the tests where it is (`HANGAR_BUNDLE`), and where programs are that they start often (`HANGAR_TEST_PROGRAMS`). With
 * `HANGAR_FROM_SOURCE=1` all run from sources, to debug them.
 */
export default function setup(project: TestProject): void {
  if (process.env.HANGAR_FROM_SOURCE === "1") return;
  makeAll();
  project.onTestsRerun(makeAll);
}

function makeAll(): void {
  const state = stateOfSources();
  process.env.HANGAR_BUNDLE = join(freshBundle(state), "main.js");
  process.env.HANGAR_TEST_PROGRAMS = freshPrograms(state);
}

/**
 * The folder with the command line of the sources as they are.
 * @throws Error when it cannot be built; the bundler has said why.
 */
function freshBundle(state: string): string {
  return keptFolder(cache, state, (folder) => {
    const startedMs = performance.now();
    const args = [join(app, "scripts/bundle.ts"), "--out", folder];
    const { status } = spawnSync(process.execPath, args, { stdio: ["ignore", 2, 2] });
    if (status !== 0) throw new Error(`the bundle of the gateway cannot be built: "node ${args.join(" ")}" failed`);
    // As the manifest of the published package: where nothing says so, Node.js finds out by compiling it as something else first.
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    process.stderr.write(`bundled the gateway that tests start in ${seconds} s, because its sources have changed\n`);
  });
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
      .flatMap((below) => (existsSync(below) ? filesBelow(below).filter((file) => !file.endsWith(".test.ts")) : [])),
  ]);
}
