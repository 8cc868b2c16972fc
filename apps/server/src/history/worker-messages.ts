import type { HistoryEntry } from "./entries.ts";
import type { HistoryOptions } from "./options.ts";
import type { CallQuery, CallRow, LogQuery, LogRow } from "./queries.ts";

/** What the thread of the history is started with. */
export interface WorkerSetup extends Pick<HistoryOptions, "max_age_s" | "max_bytes"> {
  readonly file: string;
}

/** A request to the thread, with the time of day and that of a clock that nobody can set; the answer has the same number. */
export type WorkerRequest = { readonly number: number } & (
  | {
      readonly kind: "write";
      readonly entries: readonly HistoryEntry[];
      readonly nowMs: number;
      readonly steadyMs: number;
    }
  | { readonly kind: "calls"; readonly query: CallQuery }
  | { readonly kind: "logs"; readonly query: LogQuery }
  | { readonly kind: "close" }
);

/** The answer of the thread. The first one, with number 0, says whether the file could be opened. */
export type WorkerAnswer = { readonly number: number } & (
  | { readonly kind: "done"; readonly rows?: readonly CallRow[] | readonly LogRow[] }
  | { readonly kind: "failed"; readonly message: string }
);
