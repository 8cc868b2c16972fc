import { globSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../child-process.ts";

/** A program that `npm test` has unpacked: tests carry its name as a tag. */
export interface UnpackedProgram {
  readonly folder: string;
  /** Where the dynamic linker finds the libraries that came with it. */
  readonly env: Readonly<Record<string, string>>;
}

/** Looks for a program in the folder that `scripts/testing/unpacked-programs.mjs` fills. */
export function unpackedProgram(name: string): UnpackedProgram {
  const folder = join(process.env.HANGAR_PROGRAMS ?? "", name);
  const libraries = globSync(["lib/*-linux-gnu", "usr/lib/*-linux-gnu", "usr/lib/syslog-ng"], { cwd: folder });
  return { folder, env: { LD_LIBRARY_PATH: libraries.map((path) => join(folder, path)).join(":") } };
}

/** Kilobytes of address space: a program that a hostile message makes grow ends, and not the machine. */
const MEMORY_KB_MAX = 3_000_000;

/** How an executable of a program is run. */
export function boundedCommand({ folder, env }: UnpackedProgram, executable: string, args: readonly string[]): Command {
  const run = ["-c", 'ulimit -v "$0" && exec "$@"', String(MEMORY_KB_MAX), join(folder, executable)];
  return { command: "/bin/sh", args: [...run, ...args], env };
}

/** Where the modules of a program are, whose place depends on the processor or on a version. */
export function moduleFolder({ folder }: UnpackedProgram, pattern: string): string {
  const [found] = globSync(pattern, { cwd: folder });
  if (found === undefined) throw new Error(`there is no ${pattern} in ${folder}`);
  return join(folder, found);
}
