import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../toolchain/pins.mjs";
import { filesBelow } from "./files-below.ts";
import { keptFolder } from "./kept-folder.ts";

/** A program that tests start again and again, as a process. */
interface Program {
  /** From the root. */
  readonly file: string;
  /** Folder of the files that it imports and that may change while everything else stays, from the root. */
  readonly own?: string;
  /** A folder beside the program that it reads. */
  readonly reads?: string;
}

const FIXTURES = "apps/e2e/src/fixtures";

/** A fixture of apps/e2e, by the name of its folder, which imports nothing of ours but what is in there. */
const fixture = (name: string): Program => ({ file: `${FIXTURES}/${name}/main.ts`, own: FIXTURES });

/** In one file each takes a third of the CPU time to start: Node.js looks for hundreds of modules otherwise. */
const PROGRAMS: Readonly<Record<string, Program>> = {
  "server-everything": {
    file: "apps/e2e/node_modules/@modelcontextprotocol/server-everything/dist/index.js",
    reads: "docs",
  },
  "journal-writer": {
    file: "packages/compliance/test/journal/journal-writer.ts",
    own: "packages/compliance/test/journal",
  },
  "fixtures/browser": fixture("browser"),
  "fixtures/conformance": fixture("conformance"),
  "fixtures/tasks": fixture("tasks"),
};

const app = join(root, "apps/server");
const cache = join(app, "node_modules/.cache/programs");

/**
 * The folder with each program as `<name>/dist/main.js`, made of the sources as they are. `state` names everything that is imported from
 * packages.
 * @throws Error when one cannot be bundled; the bundler has said why.
 */
export function freshPrograms(state: string): string {
  const hash = createHash("sha256").update(`${state}${JSON.stringify(PROGRAMS)}`);
  for (const folder of new Set(Object.values(PROGRAMS).map(({ own }) => own))) {
    if (folder !== undefined) for (const file of filesBelow(join(root, folder))) hash.update(readFileSync(file));
  }
  return keptFolder(cache, hash.digest("hex").slice(0, 16), (folder) => {
    for (const [name, program] of Object.entries(PROGRAMS)) bundle(program, join(folder, name));
  });
}

function bundle({ file, reads }: Program, folder: string): void {
  const args = [join(app, "scripts/bundle-program.ts"), join(root, file), join(folder, "dist")];
  const { status } = spawnSync(process.execPath, args, { stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error(`a program of tests cannot be bundled: "node ${args.join(" ")}" failed`);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  // The bundle of a program that reads beside its modules has none of their folders, but one as deep.
  if (reads !== undefined) cpSync(join(root, dirname(file), reads), join(folder, reads), { recursive: true });
}
