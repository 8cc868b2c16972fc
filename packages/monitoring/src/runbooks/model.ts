import type { AlertName } from "../names.ts";
import type { Expression } from "../promql/vector.ts";

/** How to look at something. Each kind is printed as a block to copy, and what it names is checked to exist. */
export type Look =
  | { readonly kind: "query"; readonly expr: Expression }
  /** Lines for a shell; words in capitals are for the reader to replace. */
  | { readonly kind: "shell"; readonly command: string }
  /** Lines of the gateway's log with one of these events, reduced to these fields. */
  | { readonly kind: "log"; readonly events: AtLeastOne<string>; readonly fields: readonly string[] };

type AtLeastOne<T> = readonly [T, ...T[]];

/** One thing that may be behind an alert. */
export interface Cause {
  readonly cause: string;
  /** Tells it from the others; absent where a query or command above it on the page does. */
  readonly look?: Look;
  /** What one sees then. */
  readonly sign: string;
  readonly mend: string;
}

/** The written part of the page for the person woken by an alert. Texts are Markdown of one paragraph. */
export interface Runbook {
  readonly alert: AlertName;
  /** One sentence. */
  readonly meaning: string;
  readonly impact: string;
  readonly confirm: AtLeastOne<{ readonly question: string; readonly look: Look }>;
  readonly causes: AtLeastOne<Cause>;
  /** What to do whatever the cause is, in order. */
  readonly actions: AtLeastOne<string>;
  readonly escalate: string;
  /** When the alert stops, and what has to happen for it. */
  readonly resolves: string;
}
