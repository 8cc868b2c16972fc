/** What a change means for those whose dashboards, rules, routes and silences use the names. */
export type Impact = "breaking" | "compatible";

/** What has a name. */
export type Subject = "metric" | "recording rule" | "alert";

/**
 * Every kind of change and its impact.
 *
 * A query that names what is gone has no answer and gives no error: it shows an empty panel, and an alert that can
 * never fire. So everything that can leave a query without an answer, or make it ambiguous, is breaking.
 */
export const IMPACTS = {
  removed: "breaking",
  added: "compatible",
  "type changed": "breaking",
  "label removed": "breaking",
  // One series becomes many: a selector that was one series is ambiguous in a join, and an alert on it fires for each.
  "label added": "breaking",
  // Routes, silences and inhibitions that matched go on matching.
  "alert label added": "compatible",
  "label value removed": "breaking",
  "label value added": "compatible",
  // What the values stand for, or whether they can be listed.
  "label meaning changed": "breaking",
  // A rule may compare exactly at any boundary, as the shipped ones do.
  "boundary removed": "breaking",
  "boundary added": "compatible",
  "help changed": "compatible",
} as const satisfies Readonly<Record<string, Impact>>;

export type ChangeKind = keyof typeof IMPACTS;

/** One difference between two catalogs. */
export interface Change {
  readonly impact: Impact;
  readonly kind: ChangeKind;
  readonly subject: Subject;
  /** Of the metric, rule or alert. */
  readonly name: string;
  readonly detail: string;
  /** What it seems to have become; a guess. */
  readonly renamedTo?: string | undefined;
}

/** What is told about a change, besides its subject and name. */
export interface Told {
  readonly kind: ChangeKind;
  readonly detail: string;
  readonly renamedTo?: string | undefined;
}

/** A change with the impact of its kind. */
export function change(subject: Subject, name: string, { kind, detail, renamedTo }: Told): Change {
  return { impact: IMPACTS[kind], kind, subject, name, detail, ...(renamedTo === undefined ? {} : { renamedTo }) };
}
