import { BaseSequencer, type TestSpecification } from "vitest/node";
import { expectedSeconds } from "./durations.ts";

/** What decides when a test file begins. */
export interface Turn {
  readonly project: string;
  /** Whether it has a process of its own. */
  readonly isAlone: boolean;
  /** About how long it takes. */
  readonly seconds: number;
}

/** Starts the longest test files first, so that no worker is left alone with one at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return inTurn(files, ({ project, moduleId }) => ({
      project: project.name,
      isAlone: project.config.isolate,
      seconds: expectedSeconds(moduleId),
    }));
  }
}

/**
 * The longest files first, but those of a project that share a process stand together: a worker goes on with its process only when the
 * next file is of the same project. Files with a process each are the longest of all and begin; the project of short files comes last.
 */
export function inTurn<File>(files: readonly File[], turnOf: (file: File) => Turn): File[] {
  const turns = files.map((file) => ({ file, ...turnOf(file) }));
  const longest = new Map<string, number>();
  for (const { project, seconds } of turns) longest.set(project, Math.max(longest.get(project) ?? 0, seconds));
  const ofProject = ({ project, isAlone }: Turn): number => (isAlone ? Number.MAX_VALUE : (longest.get(project) ?? 0));
  return turns.toSorted((a, b) => ofProject(b) - ofProject(a) || b.seconds - a.seconds).map(({ file }) => file);
}
