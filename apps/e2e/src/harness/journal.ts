import type { AuditRecord } from "@mcp-hangar/telemetry";
import { runHangar } from "@mcp-hangar/testing";

/** A record as the journal has it. */
export type JournalRecord = AuditRecord & { readonly sequence: number; readonly hash: string };

/** What `mcp-hangar audit verify` says of journals. */
export interface Verification {
  readonly code: number | null;
  readonly findings: readonly Readonly<Record<string, unknown>>[];
}

/** Verifies the journals in folders, as people do. */
export async function verifyJournal(...folders: readonly string[]): Promise<Verification> {
  const { code, stdout, stderr } = await runHangar(["audit", "verify", "--json", "--journal", ...folders]);
  if (stderr !== "") throw new Error(`audit verify says: ${stderr}`);
  return {
    code,
    findings: stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

/** Everything that the journal in a folder holds. */
export async function journalRecords(folder: string): Promise<readonly JournalRecord[]> {
  const { code, stdout, stderr } = await runHangar(["audit", "export", "--journal", folder]);
  if (code !== 0) throw new Error(`audit export says: ${stderr}`);
  // The gateway has written them, and their format is tested elsewhere.
  return linesOf(stdout).map((line) => JSON.parse(line) as JournalRecord);
}

/** The lines of a text that ends with a line break, or is empty. */
export function linesOf(text: string): readonly string[] {
  return text === "" ? [] : text.trimEnd().split("\n");
}
