import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * A program that the setup of the tests has bundled (`scripts/testing/fresh-programs.ts`), to be started by `node`; `undefined` where it has
 * not, so that the program itself is started.
 */
export function bundledProgram(name: string): string | undefined {
  const folder = process.env.HANGAR_TEST_PROGRAMS;
  if (folder === undefined) return undefined;
  const file = join(folder, name, "dist/main.js");
  return existsSync(file) ? file : undefined;
}
