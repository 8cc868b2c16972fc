import { lineAt, type Violation } from "./violation.ts";

/**
 * Directories that exist on one developer's machine only. Written so that the pattern does not match itself.
 * A path is one only where nothing before the slash makes it part of a longer name or of a URL.
 */
const machinePath = /(?<![\w.~@}-])\/(?:work|farm|root|Users|home)\/[\w.-]+/g;

/** Names that documentation uses for a home directory that stands for the reader's own. */
const exampleHomes = /^\/(?:home|Users)\/(?:you|me|someone|user|node|alice|bob)$/;

/** Finds absolute paths of somebody's machine in a text. */
export function checkMachinePaths(file: string, text: string): readonly Violation[] {
  return [...text.matchAll(machinePath)]
    .filter(([path]) => !exampleHomes.test(path))
    .map((match) => ({
      file,
      line: lineAt(text, match.index),
      rule: `"${match[0]}" is a path of one machine`,
      mend: "write it relative to the repository, or read it from the environment",
    }));
}

/** Finds addresses in a lockfile: they name a registry that others do not have. */
export function checkLockfile(file: string, text: string): readonly Violation[] {
  return [...text.matchAll(/https?:\/\/\S+|tarball:/g)].map((match) => ({
    file,
    line: lineAt(text, match.index),
    rule: `the lockfile names "${match[0]}"`,
    mend: "install with pnpm's defaults, without a registry or tarball address of your own",
  }));
}
