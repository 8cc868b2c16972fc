import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { bundledProgram } from "@mcp-hangar/testing";

/** Absolute path of a file inside an installed package, say `@modelcontextprotocol/server-memory/dist/index.js`. */
export function packageFile(specifier: string): string {
  const [scope, name, ...rest] = specifier.split("/");
  // Packages may hide their files behind `exports`; their folder in node_modules is always there.
  const folders = createRequire(import.meta.url).resolve.paths(specifier) ?? [];
  for (const folder of folders) {
    const candidate = [folder, scope, name, ...rest].join("/");
    if (existsSync(candidate)) return candidate;
  }
  throw new Error(`${specifier} is in none of ${folders.join(", ")}: run pnpm install`);
}

/** Absolute path of a fixture of this package, say `stubborn/main.ts`; of those that tests start most as a bundle. */
export function fixtureFile(name: string): string {
  return bundledProgram(`fixtures/${dirname(name)}`) ?? fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}
