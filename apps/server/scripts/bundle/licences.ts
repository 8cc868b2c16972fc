import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The folder of the package that a module belongs to, if it is not ours. */
const PACKAGE = /^[^\0].*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/**
 * Names every package of others that modules of a bundle are from, with its licence.
 * @param modules their paths; those that no package holds are ours, or made by the bundler
 * @throws Error for a package that has no text of its licence, unless its manifest names one.
 */
export async function describeLicences(modules: readonly string[]): Promise<string> {
  const folders = new Set(modules.flatMap((id) => PACKAGE.exec(id)?.[0] ?? []));
  const entries = await Promise.all([...folders].map(describePackage));
  return `The command line holds code of these packages.\n\n${entries.sort().join("\n")}`;
}

async function describePackage(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const file = (await readdir(folder)).sort().find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? undefined : await readFile(join(folder, file), "utf8");
  if (license === undefined && text === undefined) throw new Error(`${folder} names no licence and has no text of one`);
  const title = `${name} ${version} (${license ?? "see below"})`;
  return text === undefined ? `${title}\n` : `${title}\n\n${text.trim()}\n`;
}
