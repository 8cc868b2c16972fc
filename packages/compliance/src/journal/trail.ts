import { nodeFiles } from "@mcp-hangar/delivery/spool";
import type { AuditRecord } from "@mcp-hangar/telemetry";
import { type AuditFilter, matches } from "./filter.ts";
import { type ReadLine, readJournal } from "./reading.ts";

/** Lines that are read for one page: a filter that finds little must not hold a caller for as long as a whole journal takes. */
const LINES_MAX = 20_000;
/** By how much the clock may have been set back without records being missed, in ms. */
const CLOCK_STEP_MS = 3_600_000;

/** What is asked of a journal. */
export interface TrailQuery {
  readonly filter: AuditFilter;
  /** Whether there is such a record for whoever asks; others are passed over like those that the filter does not let through. */
  readonly isVisible?: ((record: AuditRecord) => boolean) | undefined;
  /** Only records after this number. */
  readonly after: number | undefined;
  readonly limit: number;
}

/** Some records, the oldest first, and where to go on. */
export interface TrailPage {
  readonly lines: readonly ReadLine[];
  /** The number after which the next page begins; `undefined` at the end of the journal. */
  readonly nextAfter: number | undefined;
}

/** Reads the journal of this gateway page by page, while it is written. Rejects with the error of the system. */
export async function readTrail(folder: string, { filter, after, limit, isVisible }: TrailQuery): Promise<TrailPage> {
  const from = Math.max((after ?? 0) + 1, await startOf(folder, filter.sinceMs));
  const lines: ReadLine[] = [];
  let read = 0;
  let last = after ?? 0;
  for await (const line of readJournal(folder, { from })) {
    if (lines.length >= limit || read >= LINES_MAX) return { lines, nextAfter: last };
    read += 1;
    last = line.sequence;
    if (matches(filter, line.record) && isVisible?.(line.record) !== false) lines.push(line);
  }
  return { lines, nextAfter: undefined };
}

/** The first number of the latest file that begins well before a time: what is older need not be read. */
async function startOf(folder: string, sinceMs: number | undefined): Promise<number> {
  if (sinceMs === undefined) return 1;
  const names = (await nodeFiles.list(folder)).map(({ name }) => name).filter((name) => /^\d+\.segment$/.test(name));
  const firsts = names.map((name) => Number.parseInt(name, 10)).toSorted((a, b) => b - a);
  for (const first of firsts) {
    for await (const { record } of readJournal(folder, { from: first })) {
      if (Date.parse(record.time) < sinceMs - CLOCK_STEP_MS) return first;
      break;
    }
  }
  return 1;
}
