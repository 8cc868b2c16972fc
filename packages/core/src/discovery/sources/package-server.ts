import { open, realpath } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import type { DiscoveredServer } from "../source.ts";
import type { InstalledPackage } from "./installed-packages.ts";

/** What the configuration says of a package. */
export interface PackageOverrides {
  readonly name?: string | undefined;
  readonly args?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly enabled: boolean;
}

type Manifest = Readonly<Record<string, unknown>>;

/**
 * The server that a package is, `undefined` when it does not say that it is one. It says so by `mcpName`, which the MCP
 * Registry demands of every server that is published through npm, or by a field of our own, `mcpHangar`, which may hold
 * `name`, `bin`, `args` and any option of a subprocess.
 */
export async function announcePackage(
  { name, folder, manifest }: InstalledPackage,
  overrides: PackageOverrides | undefined,
): Promise<DiscoveredServer | undefined> {
  if (overrides?.enabled === false) return undefined;
  if (typeof manifest === "string") {
    // Most packages are no servers: a broken one is of interest only if somebody counts on it.
    const problem = `package.json: ${manifest}`;
    return overrides && { name: idOf(name, overrides, undefined), options: undefined, location: folder, problem };
  }
  const declared = declarationOf(manifest);
  if (declared === undefined) return undefined;
  const { name: declaredName, bin, ...options } = declared;
  const revision = typeof manifest.version === "string" ? manifest.version.slice(0, 256) : undefined;
  const location = revision === undefined ? folder : `${folder} (${revision})`;
  // Another version is other code, which an approval does not cover, and which runs after a restart only.
  const server = { name: idOf(name, overrides, declaredName), location, revision };
  try {
    const command = await commandOf(folder, programOf(name, manifest.bin, bin));
    const { args, env } = overrides ?? {};
    return {
      ...server,
      options: { ...options, ...(args && { args }), ...(env && { env }), mode: "subprocess", command },
    };
  } catch (error) {
    return {
      ...server,
      options: undefined,
      problem: `${name}: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

function declarationOf({ mcpHangar, mcpName }: Manifest): Manifest | undefined {
  if (typeof mcpHangar === "object" && mcpHangar !== null && !Array.isArray(mcpHangar)) return mcpHangar as Manifest;
  return typeof mcpName === "string" && mcpName !== "" ? {} : undefined;
}

/** `@scope/server-math` becomes `server-math`. */
function idOf(packageName: string, overrides: PackageOverrides | undefined, declared: unknown): string {
  const chosen = overrides?.name ?? declared;
  if (typeof chosen === "string") return chosen;
  const plain = packageName.slice(packageName.indexOf("/") + 1).toLowerCase();
  return plain
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 63);
}

/** The program among those of the package: the one that is asked for, the only one, or the one named like the package. */
function programOf(packageName: string, bin: unknown, wanted: unknown): string {
  if (typeof bin === "string") return bin;
  if (typeof bin !== "object" || bin === null) throw new Error("it says that it is a server, but has no bin to run");
  const programs = Object.entries(bin);
  const plain = packageName.slice(packageName.indexOf("/") + 1);
  const [only] = programs;
  const found =
    typeof wanted === "string"
      ? programs.find(([name]) => name === wanted)
      : programs.length === 1
        ? only
        : programs.find(([name]) => name === plain);
  const program: unknown = found?.[1];
  if (typeof program === "string") return program;
  const names = programs
    .map(([name]) => name)
    .join(", ")
    .slice(0, 200);
  throw new Error(
    `which of its programs is the server? It has ${names}: name one in mcpHangar.bin of its package.json`,
  );
}

/** Scripts run with the `node` of the PATH, everything else as it is. The program has to lie within its package. */
async function commandOf(folder: string, program: string): Promise<readonly string[]> {
  // pnpm installs packages by link: the path that will be run is the real one.
  const root = await realpath(folder);
  const file = await realpath(join(root, program)).catch(() => {
    throw new Error(`its program ${JSON.stringify(program.slice(0, 200))} does not exist: is the package built?`);
  });
  if (!file.startsWith(`${root}${sep}`))
    throw new Error(`its program ${JSON.stringify(program.slice(0, 200))} lies outside of it`);
  return (await isScript(file)) ? ["node", file] : [file];
}

async function isScript(file: string): Promise<boolean> {
  if ([".js", ".mjs", ".cjs"].includes(extname(file))) return true;
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(100), 0, 100, 0);
    return /^#!.*\bnode\b/.test(buffer.toString("latin1", 0, bytesRead));
  } finally {
    await handle.close();
  }
}
