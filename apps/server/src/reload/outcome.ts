import { ConfigError, formatPath } from "../config/problem.ts";
import { type ConfigChanges, describeChanges } from "./diff.ts";

/** One reason why a configuration was not taken. */
export interface ReloadProblem {
  /** Line in the file, from 1; `undefined` when it is not about a place in the file. */
  readonly line: number | undefined;
  /** Such as `mcp_servers.math.command`; empty when it is about the file as a whole. */
  readonly key: string;
  readonly message: string;
}

/** A configuration that cannot be put into force, and why. */
export interface Rejected {
  readonly kind: "rejected";
  readonly problems: readonly ReloadProblem[];
  /** All problems in one text. */
  readonly message: string;
}

/** How a reload ended. `unchanged`: the file was looked at because it seemed to have changed, and has not. */
export type ReloadOutcome =
  | { readonly kind: "applied"; readonly changes: ConfigChanges }
  | { readonly kind: "unchanged" }
  | { readonly kind: "disabled"; readonly message: string }
  | Rejected;

/** What a thrown error says about a configuration. */
export function rejected(error: unknown): Rejected {
  if (error instanceof ConfigError) {
    const problems = error.problems.map(({ line, path, message }) => ({ line, key: formatPath(path), message }));
    return { kind: "rejected", problems, message: error.message };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { kind: "rejected", problems: [{ line: undefined, key: "", message }], message };
}

/** The outcome in words, for records. */
export function describeOutcome(outcome: Extract<ReloadOutcome, { kind: "applied" }> | Rejected): string {
  return outcome.kind === "applied" ? describeChanges(outcome.changes) : outcome.message;
}
