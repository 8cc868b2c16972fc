import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AuditJournal,
  type AuditJournalOptions,
  type JournalFinding,
  type JournalProblem,
  type JournalSummary,
  machineClock,
  type VerifyOptions,
  verifyJournal,
} from "@mcp-hangar/compliance";
import type { SpoolFiles } from "@mcp-hangar/delivery/spool";
import { type AuditRecord, auditRecordOf, EventIds, type HangarEvent } from "@mcp-hangar/telemetry";
import { sampleEvent } from "@mcp-hangar/telemetry/testing";

/** In memory where there is such a folder: most of it is not about how long a disk takes. */
const TEMPORARY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** A folder that is removed with what is in it. */
export function temporaryFolder(parent = TEMPORARY): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(parent, "hangar-journal-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export function optionsFor(folder: string, changes: Partial<AuditJournalOptions> = {}): AuditJournalOptions {
  return {
    folder,
    consumers: [],
    instance: "gateway-1",
    ids: new EventIds("run"),
    clock: machineClock,
    random: Math.random,
    ...changes,
  };
}

/** A journal that is open. */
export async function openJournal(
  folder: string,
  changes: Partial<AuditJournalOptions> = {},
  files?: SpoolFiles,
): Promise<AuditJournal> {
  const journal = new AuditJournal(optionsFor(folder, changes), files);
  await journal.open();
  return journal;
}

/** Made once: with it all other samples are made, which costs more than to write a record down. */
const CALL = sampleEvent("call.finished");

/** The event of a call, unlike any other by its id. */
export function callEvent(callId: string): HangarEvent & { readonly type: "call.finished" } {
  return { ...CALL, callId, timeMs: Date.now() };
}

/** The record of such a call; `message` is whatever a server may say. */
export function callRecord(callId: string, message = ""): AuditRecord {
  const record = auditRecordOf(callEvent(callId), { id: callId, instance: "gateway-1" });
  if (record === undefined) throw new Error("calls are audited");
  return { ...record, message };
}

/** All that a reader yields; tests read little. */
export async function collect<Item>(source: AsyncIterable<Item>): Promise<readonly Item[]> {
  const items: Item[] = [];
  for await (const item of source) items.push(item);
  return items;
}

export interface Verified {
  readonly findings: readonly JournalFinding[];
  readonly problems: readonly JournalProblem[];
  readonly summary: JournalSummary;
}

/** Everything that verification says of one folder. */
export async function verified(folder: string, options: VerifyOptions = {}): Promise<Verified> {
  const findings = await collect(verifyJournal(folder, options));
  const problems = findings.filter((finding) => finding.kind === "problem");
  const summary = findings.find((finding) => finding.kind === "summary");
  if (summary === undefined) throw new Error("verification ends with a summary");
  return { findings, problems, summary };
}
