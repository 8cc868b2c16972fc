import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Turns } from "@mcp-hangar/testing";

/** Where packages are kept from one run to the next; they are dependencies of nothing here. */
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "mcp-hangar", "published");

/** Two at a time: npm keeps a processor busy with each. */
const installs = new Turns(2);

/**
 * Installs exact versions of packages from npm, `name@version`, into a folder of their own, without their scripts.
 * Gives the folder, in whose `node_modules` they are; `undefined` when they cannot be had. Never rejects.
 */
export async function installed(...packages: readonly string[]): Promise<string | undefined> {
  const folder = join(CACHE, packages.join("+").replaceAll("/", "_"));
  const whole = join(folder, "whole");
  if (existsSync(whole)) return folder;
  return installs.run(async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
    const args = [
      "install",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--prefer-offline",
      "--save-exact",
      ...packages,
    ];
    const npm = spawn("npm", args, { cwd: folder, stdio: "ignore" });
    const code = await new Promise((resolve) => {
      npm.once("error", resolve);
      npm.once("exit", resolve);
    });
    if (code !== 0) return undefined;
    writeFileSync(whole, "");
    return folder;
  });
}

/** The file that an installed package runs as its (first) program. */
export function programOf(folder: string, specifier: string): string {
  const root = join(folder, "node_modules", nameOf(specifier));
  const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    bin?: string | Record<string, string>;
  };
  const file = typeof bin === "string" ? bin : Object.values(bin ?? {})[0];
  if (file === undefined) throw new Error(`${specifier} has no program`);
  return join(root, file);
}

/** `@scope/name` of `@scope/name@version`. */
export function nameOf(specifier: string): string {
  return specifier.slice(0, specifier.lastIndexOf("@"));
}
