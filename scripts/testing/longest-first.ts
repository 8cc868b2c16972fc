import { BaseSequencer, type TestSpecification } from "vitest/node";
import { expectedSeconds } from "./durations.ts";

/**
 * Starts the longest test files first, so that no worker is left alone with one at the end. Files of a project that share a process
 * stand together, for a worker goes on with its process only when the next file is of the same project: first those that have a
 * process each, which are the longest, and last the project of the shortest files.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const longest = new Map<string, number>();
    for (const { project, moduleId } of files) {
      longest.set(project.name, Math.max(longest.get(project.name) ?? 0, expectedSeconds(moduleId)));
    }
    const ofProject = ({ project }: TestSpecification): number =>
      project.config.isolate ? Number.POSITIVE_INFINITY : (longest.get(project.name) ?? 0);
    return files.toSorted(
      (a, b) => descending(ofProject(a), ofProject(b)) || expectedSeconds(b.moduleId) - expectedSeconds(a.moduleId),
    );
  }
}

/** Also for values without an end, whose difference is no number. */
function descending(a: number, b: number): number {
  if (a === b) return 0;
  return a > b ? -1 : 1;
}
