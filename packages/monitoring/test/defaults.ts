import { generateMonitoring } from "../src/generate.ts";
import { resolveOptions } from "../src/settings/options.ts";
import { buildStack, type Stack } from "../src/stack.ts";

/** What comes of the default settings, for tests that only read it: to build it takes a fifth of a second. */
export const defaultStack: Stack = buildStack(resolveOptions());

let files: ReadonlyMap<string, string> | undefined;

/** The files of the default settings, which are generated once in a process: that takes half a second. */
export function defaultFiles(): ReadonlyMap<string, string> {
  files ??= generateMonitoring();
  return files;
}
