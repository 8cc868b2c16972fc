import { readFileSync } from "node:fs";
import { join } from "node:path/posix";
import { isOurs } from "./import-table.ts";
import type { Violation } from "./violation.ts";
import { declaredDependencies, type WorkspacePackage } from "./workspace.ts";

/** What the rules below need of a workspace package: the projects it refers to, or nothing when it has no build. */
export interface Project {
  readonly directory: string;
  readonly name: string;
  /** Our packages among its dependencies. */
  readonly dependencies: readonly string[];
  /** The directories that its tsconfig refers to, from the root; `undefined` when it has no build script. */
  readonly references: readonly string[] | undefined;
}

/** Reads the projects of the workspace from their tsconfig files, which are plain JSON here. */
export function readProjects(root: string, packages: readonly WorkspacePackage[]): readonly Project[] {
  return packages.map(({ directory, manifest }) => ({
    directory,
    name: manifest.name,
    dependencies: Object.keys(declaredDependencies(manifest)).filter(isOurs),
    references:
      manifest.scripts?.build === undefined
        ? undefined
        : readReferences(`${root}/${directory}/tsconfig.json`).map((path) => join(directory, path)),
  }));
}

/** Reads the paths in the `references` of a tsconfig, as they stand there. */
export function readReferences(file: string): readonly string[] {
  const { references = [] }: { references?: readonly { path: string }[] } = JSON.parse(readFileSync(file, "utf8"));
  return references.map(({ path }) => path);
}

/** Checks that `tsc -b` at the root builds every project, and that every project refers to those it depends on. */
export function checkReferences(rootReferences: readonly string[], projects: readonly Project[]): readonly Violation[] {
  const built = projects.filter((project) => project.references !== undefined);
  const missingAtRoot = built
    .filter(({ directory }) => !rootReferences.includes(directory))
    .map(({ directory }) => ({
      file: "tsconfig.json",
      line: 1,
      rule: `${directory} has a build, but tsc -b at the root leaves it out`,
      mend: `add { "path": "${directory}" } to the references`,
    }));
  const missingInProjects = built.flatMap(({ directory, dependencies, references = [] }) =>
    built
      .filter((used) => dependencies.includes(used.name) && !references.includes(used.directory))
      .map((used) => ({
        file: `${directory}/tsconfig.json`,
        line: 1,
        rule: `${directory} depends on ${used.name}, but does not refer to ${used.directory}`,
        mend: "add it to the references, so that tsc -b builds it first",
      })),
  );
  return [...missingAtRoot, ...missingInProjects];
}
