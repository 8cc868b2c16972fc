import type { Send, SendOutcome } from "@mcp-hangar/delivery";
import type { AuditEntry } from "../audit-entry.ts";
import type { AuditJournal } from "../journal/audit-journal.ts";
import { entryOfLine } from "../journal/line.ts";
import { LatestBatch } from "./latest-batch.ts";
import type { OpenFeed } from "./sink-feed.ts";

/**
 * Feeds a sink with the records of a journal, from where the sink was. `consumer` is one of the names that the journal was made with;
 * `opened` resolves when the journal is open.
 */
export function journalFeed(
  journal: Pick<AuditJournal, "forward">,
  consumer: string,
  opened: () => Promise<void>,
): OpenFeed {
  return async ({ send, ...parts }) => {
    await opened();
    return journal.forward({ ...parts, consumer, send: sendLines(send) });
  };
}

/** Lines of a batch as entries; `undefined` where a line is none. */
type ReadBatch = readonly (AuditEntry | undefined)[];

/** Sends the records of lines. A batch that is tried again is the same array for the sink, too. */
function sendLines(send: Send<AuditEntry>): Send<Buffer> {
  const batches = new LatestBatch((lines: readonly Buffer[]) => {
    const read: ReadBatch = lines.map(entryOfLine);
    return { read, entries: read.filter((entry) => entry !== undefined) };
  });
  return async (lines, signal) => {
    const { read, entries } = batches.of(lines);
    const outcome: SendOutcome = entries.length === 0 ? { kind: "delivered" } : await send(entries, signal);
    if (outcome.kind === "delivered") batches.forget(lines);
    return entries.length === lines.length ? outcome : withoutUnreadable(outcome, read);
  };
}

/** The outcome for a batch in which some lines are no records: nobody can be sent them, and `verifyJournal` finds them. */
function withoutUnreadable(outcome: SendOutcome, read: ReadBatch): SendOutcome {
  const places = read.flatMap((entry, place) => (entry === undefined ? [] : [place]));
  const unreadable = read.length - places.length;
  switch (outcome.kind) {
    case "delivered":
      return {
        kind: "partial",
        rejected: unreadable,
        retry: [],
        reason: "encoding",
        message: `${unreadable} lines of the journal are no records; mcp-hangar audit verify says where`,
      };
    case "rejected":
      return outcome;
    case "retry":
      return { ...outcome, kind: "partial", rejected: unreadable, retry: places };
    case "partial":
      return {
        ...outcome,
        rejected: outcome.rejected + unreadable,
        retry: outcome.retry.flatMap((place) => places[place] ?? []),
      };
  }
}
