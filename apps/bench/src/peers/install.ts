import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { workFolder } from "../processes/launch.ts";
import { cacheFolder, diskBytes } from "./folders.ts";
import type { Peer } from "./pins.ts";

const run = promisify(execFile);

/** Milliseconds for one installation over a slow line. */
const PATIENCE_MS = 300_000;

/** A package as npm lays it out, with everything that it needs, in a folder of its own. */
export interface Installed {
  /** Folder of the package itself. */
  readonly folder: string;
  /** What all of it takes on disk, in bytes. */
  readonly bytes: number;
}

/**
 * Installs a peer into the user's cache folder, unless it is there. None of its install scripts run.
 * @throws Error that says what npm said, or that the registry has something else under this version.
 */
export async function installPeer({ name, version, integrity }: Peer): Promise<Installed> {
  const folder = join(cacheFolder(), "peers", `${name}-${version}`);
  await installInto(folder, `${name}@${version}`, (unfinished) => {
    const found = integrityOf(unfinished, name);
    if (found === integrity) return;
    throw new Error(`the registry has another ${name} ${version}: ${found} instead of ${integrity}; it was not run`);
  });
  return { folder: join(folder, "node_modules", name), bytes: diskBytes(join(folder, "node_modules")) };
}

/**
 * Packs this checkout's `mcp-hangar` as it would be published and installs that, unless the same has been installed before.
 * @throws Error when it is not built, cannot be packed, or what it depends on cannot be had.
 */
export async function installOwn(): Promise<Installed> {
  const app = fileURLToPath(new URL("../../../server", import.meta.url));
  if (!existsSync(join(app, "dist/main.js"))) throw new Error(`${app} is not built; run \`pnpm build\` first`);
  const packed = mkdtempSync(join(workFolder(), "packed-"));
  // pnpm writes the versions of the workspace into the manifest; npm would publish `catalog:`.
  await said("pnpm", ["pack", "--pack-destination", packed], app);
  const [archive] = readdirSync(packed);
  if (archive === undefined) throw new Error(`"pnpm pack" in ${app} wrote nothing`);
  const file = join(packed, archive);
  const hash = createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 16);
  const folder = join(cacheFolder(), "own", hash);
  await installInto(folder, file, () => {});
  return { folder: join(folder, "node_modules/mcp-hangar"), bytes: diskBytes(join(folder, "node_modules")) };
}

/** Installs beside the folder and renames when all is well, so that what is there is whole. */
async function installInto(folder: string, what: string, check: (unfinished: string) => void): Promise<void> {
  if (existsSync(folder)) return;
  mkdirSync(dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}.`);
  try {
    writeFileSync(join(unfinished, "package.json"), `{"private":true}\n`);
    const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    await said("npm", ["install", ...quiet, "--prefix", unfinished, what], unfinished).catch((error: unknown) => {
      throw new Error(
        `${what} could not be installed. Peers come from npm's registry: see whether "npm ping" reaches it, or leave out --peers.\n` +
          (error instanceof Error ? error.message : String(error)),
      );
    });
    check(unfinished);
    // Somebody else may have been faster.
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

async function said(program: string, args: readonly string[], cwd: string): Promise<void> {
  try {
    await run(program, args, { cwd, timeout: PATIENCE_MS });
  } catch (error) {
    const stderr = error instanceof Error && "stderr" in error ? String(error.stderr).trim().slice(-1_000) : "";
    throw new Error(`"${program} ${args.join(" ")}" failed: ${stderr || String(error)}`, { cause: error });
  }
}

/** What npm has noted of an installed package. */
function integrityOf(folder: string, name: string): string | undefined {
  // npm's own file: https://docs.npmjs.com/cli/configuring-npm/package-lock-json (hidden lockfiles).
  const { packages } = JSON.parse(readFileSync(join(folder, "node_modules/.package-lock.json"), "utf8")) as {
    readonly packages?: Readonly<Record<string, { readonly integrity?: string }>>;
  };
  return packages?.[`node_modules/${name}`]?.integrity;
}
