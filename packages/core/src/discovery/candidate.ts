import type { Definition } from "./definition.ts";

/** How far the newest definition of a candidate has come. */
export type Standing =
  /** Somebody has to approve it. */
  | { readonly kind: "pending" }
  /** Somebody rejected it; it stays so until the definition changes. */
  | { readonly kind: "rejected" }
  /** It is to be probed as soon as its id is free. */
  | { readonly kind: "untried"; readonly failures: number }
  /** Its probe was asked for. */
  | { readonly kind: "probing"; readonly failures: number }
  /** Its probe failed: it is in quarantine until the next one. */
  | { readonly kind: "failed"; readonly reason: string; readonly failures: number; readonly retryAtMs: number }
  /** It may serve. */
  | { readonly kind: "admitted" };

/** A server that a source announced, and what became of it. */
export interface Candidate {
  readonly source: string;
  /** The id it asks for. */
  readonly name: string;
  readonly location: string;
  /** Milliseconds since the epoch. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Monotonic time of the first cycle that no longer announced it. */
  readonly missingSinceMs: number | undefined;
  /** What was announced last and could be read. */
  readonly newest: Definition | undefined;
  readonly standing: Standing;
  /** The definition that was admitted last: it serves, or would if the id were free, whatever becomes of newer ones. */
  readonly serving: Definition | undefined;
  /** Why the last announcement cannot be used. */
  readonly problem: string | undefined;
  /** What else is to be said, such as a second place that announces the same name. */
  readonly remark: string | undefined;
}

/** Identifies a candidate: names are unique within a source only. */
export function candidateKey({ source, name }: Pick<Candidate, "source" | "name">): string {
  // A source's name has no slash.
  return `${source}/${name}`;
}
