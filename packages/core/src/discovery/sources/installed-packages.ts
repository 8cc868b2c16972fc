import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** Packages of one folder that are looked at. */
const PACKAGES_MAX = 2_000;
/** Bytes of a manifest; those of the largest packages have some 20 KB. */
const MANIFEST_BYTES_MAX = 262_144;

/** A package that is installed. */
export interface InstalledPackage {
  readonly name: string;
  readonly folder: string;
  /** Its `package.json`, or why that cannot be read. */
  readonly manifest: Readonly<Record<string, unknown>> | string;
}

/**
 * The packages that somebody asked for: of a project its own dependencies, because what those bring along was chosen by
 * nobody here; of a folder without a manifest, such as npm's global one, all. Rejects when the folder cannot be read.
 */
export async function installedPackages(folder: string, signal: AbortSignal): Promise<readonly InstalledPackage[]> {
  const modules = join(folder, "node_modules");
  const names = await packageNames(folder);
  const packages: InstalledPackage[] = [];
  for (const name of names) {
    signal.throwIfAborted();
    const own = join(modules, name);
    const manifest = await readManifest(own);
    // A dependency that is not installed (optional, or not yet) announces nothing.
    if (manifest !== undefined) packages.push({ name, folder: own, manifest });
  }
  return packages;
}

/** The names of those packages. Rejects when the folder cannot be read, with what to do. */
export async function packageNames(folder: string): Promise<readonly string[]> {
  const modules = join(folder, "node_modules");
  const project = await readManifest(folder);
  if (typeof project === "string") throw new Error(`${join(folder, "package.json")}: ${project}`);
  const all = await namesIn(modules, folder);
  const names = project === undefined ? all : dependenciesOf(project);
  if (names.length > PACKAGES_MAX) throw new Error(`${modules} has more than ${PACKAGES_MAX} packages`);
  return names;
}

/** `undefined` when there is none; text says why it cannot be used. */
async function readManifest(folder: string): Promise<InstalledPackage["manifest"] | undefined> {
  const file = join(folder, "package.json");
  try {
    const { size } = await stat(file);
    if (size > MANIFEST_BYTES_MAX) return `larger than ${MANIFEST_BYTES_MAX} bytes (${size})`;
    const manifest: unknown = JSON.parse(await readFile(file, "utf8"));
    return isRecord(manifest) ? manifest : "no object";
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR" ? undefined : message;
  }
}

function dependenciesOf(manifest: Readonly<Record<string, unknown>>): readonly string[] {
  const { dependencies, optionalDependencies } = manifest;
  const names = [dependencies, optionalDependencies].flatMap((some) => (isRecord(some) ? Object.keys(some) : []));
  return [...new Set(names)].filter(isPackageName).sort();
}

async function namesIn(modules: string, folder: string): Promise<readonly string[]> {
  const list = async (path: string): Promise<readonly string[]> =>
    (await readdir(path)).filter((name) => name[0] !== ".");
  try {
    const names = await Promise.all(
      (await list(modules)).map(async (name) =>
        name[0] === "@" ? (await list(join(modules, name))).map((inScope) => `${name}/${inScope}`) : [name],
      ),
    );
    return names.flat().filter(isPackageName).sort();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `${folder} has no node_modules that can be read: install something there, or correct folders (${reason})`,
      {
        cause: error,
      },
    );
  }
}

/** A name becomes a path; one with dots or further slashes would lead elsewhere. */
function isPackageName(name: string): boolean {
  return /^(?:@[\w.~-]+\/)?[\w~-][\w.~-]*$/.test(name);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
