import type { Reporter, TestCase, TestModule, TestSpecification } from "vitest/node";
import { expectedSeconds, recordDurations } from "./durations.ts";
import { requirements } from "./programs.mjs";

/** How often a line says how far the run is, in ms. */
const PROGRESS_MS = 30_000;
/** A run shorter than this, in seconds, says nothing of its length. */
const SHORT_SECONDS = 20;
/** Files that are named for one missing requirement; the rest is counted. */
const FILES_NAMED_MAX = 8;

/** How the suite is run. */
export interface SuiteRun {
  /** Test files at a time. */
  readonly workers: number;
  /** Whether a test that is left out makes the run fail, unless what it needs is in {@link mayBeMissing}. */
  readonly strict: boolean;
  /** Requirements that this machine cannot meet, by name. */
  readonly mayBeMissing: readonly string[];
  /** Whether to write down what each file took. */
  readonly record: boolean;
}

/** Says at the start how long the run takes about, how far it is, and at the end what was left out and why. */
export class SuiteReporter implements Reporter {
  readonly #run: SuiteRun;
  readonly #seconds = new Map<string, number>();
  readonly #startedAt = new Map<string, number>();
  #expected = 0;
  #done = 0;
  #files = 0;
  #began = 0;
  #progress: NodeJS.Timeout | undefined;

  constructor(run: SuiteRun) {
    this.#run = run;
  }

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    const seconds = specifications.map(({ moduleId }) => expectedSeconds(moduleId));
    this.#expected = seconds.reduce((sum, each) => sum + each, 0);
    this.#files = specifications.length;
    this.#began = performance.now();
    if (this.#remaining() < SHORT_SECONDS) return;
    say(`${this.#files} test files, about ${inWords(this.#remaining())} on a machine like that of the maintainers`);
    this.#progress = setInterval(() => this.#sayProgress(), PROGRESS_MS);
    this.#progress.unref();
  }

  onTestModuleStart({ moduleId }: TestModule): void {
    this.#startedAt.set(moduleId, performance.now());
  }

  onTestModuleEnd({ moduleId }: TestModule): void {
    const startedAt = this.#startedAt.get(moduleId);
    if (startedAt !== undefined) this.#seconds.set(moduleId, (performance.now() - startedAt) / 1_000);
    this.#done += expectedSeconds(moduleId);
  }

  onTestRunEnd(testModules: readonly TestModule[]): void {
    clearInterval(this.#progress);
    if (this.#run.record) recordDurations(this.#seconds);
    const skipped = testModules.flatMap((module) => [...module.children.allTests("skipped")]);
    const unmet = requirements.filter(({ isMet }) => !isMet());
    for (const { name, description, mend } of unmet) {
      const tests = skipped.filter(({ tags }) => tags.includes(name));
      if (tests.length === 0) continue;
      say(`left out: ${named(tests)}, for ${name} is missing, which ${description}. To run them: ${mend}`);
    }
    const forgiven = new Set(this.#run.mayBeMissing);
    const unforgiven = skipped.filter(
      ({ tags }) => !unmet.some(({ name }) => tags.includes(name) && forgiven.has(name)),
    );
    const unexplained = skipped.filter(({ tags }) => !unmet.some(({ name }) => tags.includes(name)));
    if (unexplained.length > 0) say(`left out without a reason that this machine gives: ${named(unexplained)}`);
    if (this.#run.strict && unforgiven.length > 0) {
      const counted = `${unforgiven.length} of the tests ${unforgiven.length === 1 ? "was" : "were"}`;
      say(`nothing may be left out here, but ${counted}: the run has failed`);
      process.exitCode = 1;
    }
  }

  #remaining(): number {
    return (this.#expected - this.#done) / this.#run.workers;
  }

  #sayProgress(): void {
    const elapsed = (performance.now() - this.#began) / 1_000;
    // A slower machine than that of the record shows after a while.
    const pace = this.#done === 0 ? 1 : Math.max(1, elapsed / (this.#done / this.#run.workers));
    say(`${this.#seconds.size} of ${this.#files} files, about ${inWords(this.#remaining() * pace)} to go`);
  }
}

/** How many tests, and in which files. */
function named(tests: readonly TestCase[]): string {
  const files = [...new Set(tests.map(({ module }) => module.relativeModuleId))];
  const more = files.length - FILES_NAMED_MAX;
  const names = [...files.slice(0, FILES_NAMED_MAX), ...(more > 0 ? [`${more} more files`] : [])];
  return `${tests.length} ${tests.length === 1 ? "test" : "tests"} of ${names.join(", ")}`;
}

function inWords(seconds: number): string {
  return seconds < 90 ? `${Math.max(5, Math.round(seconds / 5) * 5)} s` : `${Math.round(seconds / 60)} min`;
}

function say(line: string): void {
  process.stderr.write(`[tests] ${line}\n`);
}
