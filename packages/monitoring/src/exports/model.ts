import type { Stack } from "../stack.ts";

/** Documents for another system, made of the same definitions. */
export interface MonitoringExport {
  /** What it is for, in a line. */
  readonly about: string;
  /** What the format has no place for, a sentence each. It stands at the head of every file, too. */
  readonly lost: readonly string[];
  /** Paths relative to the output folder, and their content. */
  readonly files: (stack: Stack) => Readonly<Record<string, string>>;
}
