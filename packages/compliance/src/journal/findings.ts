import type { AuditGap } from "@mcp-hangar/telemetry";

/** A checkpoint that was kept elsewhere, such as in a SIEM system: what its record says. */
export interface KnownCheckpoint {
  /** Identity of the journal; without it, it is taken for that of any. */
  readonly journal?: string | undefined;
  readonly sequence: number;
  readonly hash: string;
}

/** Something that is not as the journal was written. */
export interface JournalProblem {
  readonly kind: "problem";
  /**
   * `edited`: other bytes than were written. `missing`: numbers that no record has and no gap explains. `inserted` and `reordered`: a record
   * that does not belong where it stands. `unreadable`: bytes that are no record. `truncated`: the end is missing. `bad_checkpoint`: a
   * checkpoint that is not signed by the key, or says something else than the chain. `unsigned`: no checkpoint of the key at all.
   * `no_journal`: there is nothing to verify.
   */
  readonly problem:
    | "edited"
    | "missing"
    | "inserted"
    | "reordered"
    | "unreadable"
    | "truncated"
    | "bad_checkpoint"
    | "unsigned"
    | "no_journal";
  readonly folder: string;
  /** Name of the file, where it is in one. */
  readonly segment: string | undefined;
  /** Number of the first record that it is about, where there is one. */
  readonly sequence: number | undefined;
  readonly expected: string;
  readonly found: string;
}

/** What verification tells, one after the other; the summary of a folder comes last. */
export type JournalFinding =
  | JournalProblem
  /** What the journal itself says is missing. */
  | { readonly kind: "gap"; readonly folder: string; readonly sequence: number; readonly gap: AuditGap }
  /** The end of a file in the middle of a record: what was being written when the process ended, and was never confirmed. */
  | {
      readonly kind: "torn";
      readonly folder: string;
      readonly segment: string;
      readonly sequence: number;
      readonly bytes: number;
    }
  /** Something that was intended, and of which there is no end. `isOver`: it is no more under way, because the gateway has started again. */
  | {
      readonly kind: "open_intent";
      readonly folder: string;
      readonly sequence: number;
      readonly id: string;
      readonly isOver: boolean;
    }
  | JournalSummary;

/** What was verified in one folder. */
export interface JournalSummary {
  readonly kind: "summary";
  readonly folder: string;
  /** Whether no problem was found. */
  readonly isIntact: boolean;
  readonly problems: number;
  /** Identity of the journal, as its checkpoints say. */
  readonly journal: string | undefined;
  readonly records: number;
  /** Numbers of the first and the last record; `undefined` and 0 when there is none. */
  readonly first: number | undefined;
  readonly last: number;
  /** Hash of the last record: what a later verification can be given as a checkpoint. */
  readonly hash: string;
  readonly checkpoints: number;
  /** Number of the last checkpoint: what comes after it is bound by nothing but the chain. */
  readonly signedUntil: number;
  /** Whose keys the signatures were held against: those that were given, the one in the folder, or none. */
  readonly keys: "given" | "folder" | "none";
  /** Intents that were too many to be looked after. */
  readonly forgottenIntents: number;
}
