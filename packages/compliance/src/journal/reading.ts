import type { Clock } from "@mcp-hangar/delivery";
import { type ScanPlace, type SpoolFiles, scanSpool } from "@mcp-hangar/delivery/spool";
import type { JournalPlace } from "../audit-entry.ts";
import { type AuditFilter, matches } from "./filter.ts";
import { hashOf, type JournalLine, parseLine } from "./line.ts";

/** A line of a journal as it stands on the disk. */
export interface ReadLine extends JournalLine {
  readonly place: JournalPlace;
  /** The exact bytes. */
  readonly bytes: Buffer;
  /** Name of the file. */
  readonly segment: string;
}

/** Numbers of the first and the last line that is wanted. */
export interface JournalRange {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

interface ReadOptions extends JournalRange {
  readonly files?: SpoolFiles | undefined;
}

/**
 * Reads the lines of a journal in their order, one after the other and never all at once; also while a gateway writes it. Lines that
 * cannot be read are left out: `verifyJournal` finds them. Rejects with the error of the system.
 */
export async function* readJournal(folder: string, options: ReadOptions = {}): AsyncGenerator<ReadLine, void> {
  for await (const { line } of linesOf(folder, options)) yield line;
}

/** Reads the lines of a range that a filter lets through. */
export async function* searchJournal(
  folder: string,
  filter: AuditFilter,
  options: ReadOptions = {},
): AsyncGenerator<ReadLine, void> {
  for await (const line of readJournal(folder, options)) if (matches(filter, line.record)) yield line;
}

export interface TailOptions {
  /** How many of the last lines are read. */
  readonly lines: number;
  /** Goes on with what is written later until the signal aborts. */
  readonly follow?: { readonly clock: Clock; readonly signal: AbortSignal } | undefined;
  readonly files?: SpoolFiles | undefined;
}

/** Pause between two looks for what was written meanwhile, in ms. */
const FOLLOW_MS = 250;

/** Reads the last lines of a journal, and if wanted those that come. */
export async function* tailJournal(
  folder: string,
  { lines, follow, files }: TailOptions,
): AsyncGenerator<ReadLine, void> {
  let last = 0;
  for await (const { sequence } of readJournal(folder, { from: Number.POSITIVE_INFINITY, files })) last = sequence;
  // The latest file may be empty.
  if (last === 0) for await (const { sequence } of readJournal(folder, { files })) last = sequence;
  let at: ScanPlace | undefined;
  let from = Math.max(1, last - lines + 1);
  for (;;) {
    for await (const found of linesOf(folder, { from, at, files })) {
      yield found.line;
      at = found.next;
      from = found.line.sequence + 1;
    }
    if (follow === undefined || follow.signal.aborted) return;
    await pause(follow.clock, follow.signal);
  }
}

interface FoundLine {
  readonly line: ReadLine;
  readonly next: ScanPlace;
}

async function* linesOf(
  folder: string,
  { from = 0, to = Number.POSITIVE_INFINITY, at, files }: ReadOptions & { readonly at?: ScanPlace | undefined },
): AsyncGenerator<FoundLine, void> {
  const start = at === undefined ? { from } : { at };
  for await (const frame of scanSpool(folder, { ...start, files })) {
    if (frame.sequence > to) return;
    if (frame.kind !== "record" || frame.place === "beyond") continue;
    // From beyond the end, the latest file is read.
    if (frame.sequence < from && from !== Number.POSITIVE_INFINITY) continue;
    const line = parseLine(frame.payload);
    if (line === undefined) continue;
    const place = { sequence: line.sequence, hash: hashOf(frame.payload) };
    yield { line: { ...line, place, bytes: Buffer.from(frame.payload), segment: frame.segment }, next: frame.next };
  }
}

async function pause(clock: Clock, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.schedule(FOLLOW_MS, resolve);
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  cancel();
}
