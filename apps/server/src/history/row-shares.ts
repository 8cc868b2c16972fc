import type { SQLInputValue } from "node:sqlite";
import type { HistoryEntry } from "./entries.ts";
import { OF_TOOL } from "./search.ts";
import type { HistoryKind, HistoryShare } from "./shares.ts";

export const TABLES = ["calls", "logs"] as const;
export type Table = (typeof TABLES)[number];

/** What a row of `calls` is counted as. */
const CALLS_KIND = `CASE WHEN status = 'rejected' THEN 'rejected' WHEN ${OF_TOOL} THEN 'calls' ELSE 'requests' END`;

/** Which columns say whose a row is and what it is counted as, and how much text it has. */
export const COLUMNS: Readonly<Record<Table, Readonly<Record<"owner" | "detail" | "chars" | "kind", string>>>> = {
  calls: { owner: "caller", detail: "caller_type", chars: "coalesce(length(message), 0)", kind: CALLS_KIND },
  logs: { owner: "server", detail: "stream", chars: "length(line)", kind: "'logs'" },
};

type Origin = Pick<HistoryShare, "kind" | "owner" | "detail">;

/** Whose a row is that has the columns of {@link COLUMNS}. */
export function originOf({ owner, detail, kind }: Record<string, unknown>): Origin {
  // It is one of the words of `COLUMNS`.
  return { kind: kind as HistoryKind, owner: String(owner), detail: String(detail) };
}

/** The rows of a share. */
export function conditionOf({ kind, owner, detail }: HistoryShare): {
  readonly table: Table;
  readonly where: string;
  readonly values: readonly SQLInputValue[];
} {
  const values = [owner, detail];
  if (kind === "logs") return { table: "logs", where: "server = ? AND stream = ?", values };
  return { table: "calls", where: `caller = ? AND caller_type = ? AND ${CALLS_KIND} = ?`, values: [...values, kind] };
}

/** Characters of the text of an entry, as they are counted in the file. */
export function charsOf(entry: HistoryEntry): number {
  return entry.kind === "log" ? entry.line.length : (entry.message?.length ?? 0);
}
