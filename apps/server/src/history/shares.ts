import type { HistoryEntry } from "./entries.ts";

/** What is kept together: calls that were made, other requests that were, whatever was refused, and what servers wrote. */
export type HistoryKind = "calls" | "requests" | "rejected" | "logs";

/** Entries of one origin in a file: of a caller, or of a server and a stream. */
export interface HistoryShare {
  readonly kind: HistoryKind;
  /** Name of the caller or of the server. */
  readonly owner: string;
  /** Type of the caller or name of the stream. */
  readonly detail: string;
  readonly rows: number;
  readonly bytes: number;
}

/** Tenths of a full file that each kind may hold, whatever the others want: lists from memory cost nobody anything but room here. */
const PARTS: Readonly<Record<HistoryKind, number>> = { calls: 4, requests: 2, rejected: 1, logs: 3 };
/** What a row takes beside its text, indexes included; a guess, for only proportions matter. */
const ROW_BYTES: Readonly<Record<HistoryKind, number>> = { calls: 300, requests: 300, rejected: 300, logs: 100 };

/** How much of a file is whose. It decides who makes room when the file is too large: whoever takes more than their part. */
export class HistoryShares {
  readonly #shares = new Map<string, { -readonly [Field in keyof HistoryShare]: HistoryShare[Field] }>();

  /** Counts rows that came, or with negative numbers such that went. */
  add({ kind, owner, detail }: Pick<HistoryShare, "kind" | "owner" | "detail">, rows: number, chars: number): void {
    const key = `${kind} ${detail} ${owner}`;
    let share = this.#shares.get(key);
    if (share === undefined) {
      share = { kind, owner, detail, rows: 0, bytes: 0 };
      this.#shares.set(key, share);
    }
    share.rows += rows;
    share.bytes += rows * ROW_BYTES[kind] + chars;
    if (share.rows <= 0) this.#shares.delete(key);
  }

  /** Forgets a share of which nothing was found. */
  forget({ kind, owner, detail }: HistoryShare): void {
    this.#shares.delete(`${kind} ${detail} ${owner}`);
  }

  /** The largest share of the kind that exceeds its part the most: its oldest entries are to go. */
  largest(): HistoryShare | undefined {
    const totals = { calls: 0, requests: 0, rejected: 0, logs: 0 };
    for (const { kind, bytes } of this.#shares.values()) totals[kind] += bytes / PARTS[kind];
    let largest: HistoryShare | undefined;
    for (const share of this.#shares.values()) {
      const isWorse =
        largest === undefined ||
        totals[share.kind] > totals[largest.kind] ||
        (share.kind === largest.kind && share.bytes > largest.bytes);
      if (isWorse) largest = share;
    }
    return largest;
  }
}

/** Whose an entry is. */
export function shareOfEntry(entry: HistoryEntry): Pick<HistoryShare, "kind" | "owner" | "detail"> {
  if (entry.kind === "log") return { kind: "logs", owner: entry.server, detail: entry.stream };
  const kind = entry.status === "rejected" ? "rejected" : entry.kind === "request" ? "requests" : "calls";
  return { kind, owner: entry.caller, detail: entry.callerType };
}

/**
 * Whose an entry is when its origin can make any number of them without any work being done: refused calls and other requests of a
 * caller, and lines that a server wrote to its stderr. Calls that were made and what became of servers have none.
 */
export function talkativeOrigin(entry: HistoryEntry): string | undefined {
  const { kind, owner, detail } = shareOfEntry(entry);
  return kind === "calls" || detail === "gateway" ? undefined : `${kind} ${detail} ${owner}`;
}
