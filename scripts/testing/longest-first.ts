import { BaseSequencer, type TestSpecification } from "vitest/node";
import { expectedSeconds } from "./durations.ts";

/** Starts the longest test files first, so that no worker is left alone with one at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => expectedSeconds(b.moduleId) - expectedSeconds(a.moduleId));
  }
}
