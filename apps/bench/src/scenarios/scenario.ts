import type { BenchOptions } from "../options.ts";
import type { Findings } from "../report/figure.ts";

/** One question that the bench answers. */
export interface Scenario {
  readonly name: string;
  /** What it is about, as a heading. */
  readonly title: string;
  /** Starts what it needs, measures, and stops it again. */
  run(context: ScenarioContext): Promise<Findings>;
}

/** What a scenario may use. */
export interface ScenarioContext {
  readonly options: BenchOptions;
  /** Tells a waiting reader what is going on; not part of the findings. */
  readonly progress: (text: string) => void;
}
