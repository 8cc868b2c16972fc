import type { Clock } from "@mcp-hangar/delivery";
import { type Cursor, type SpoolFiles, scanSpool } from "@mcp-hangar/delivery/spool";
import { parseLine } from "./line.ts";

/** What a consumer has not had yet. */
export interface JournalLag {
  readonly records: number;
  /** Age of the oldest of them; 0 when there is none. */
  readonly seconds: number;
}

interface Surroundings {
  readonly folder: string;
  readonly files: SpoolFiles;
  readonly clock: Clock;
}

/** How far a consumer is behind. Rejects with the error of the system. */
export async function lagOf({ position, end }: Cursor, { folder, files, clock }: Surroundings): Promise<JournalLag> {
  const records = Math.max(0, end - position);
  if (records === 0) return { records, seconds: 0 };
  const timeMs = await timeOf(position, folder, files);
  return { records, seconds: timeMs === undefined ? 0 : Math.max(0, clock.wallMs() - timeMs) / 1_000 };
}

/** When the first readable record from a number on happened, in ms since the epoch; `undefined` when there is none. */
export async function timeOf(sequence: number, folder: string, files: SpoolFiles): Promise<number | undefined> {
  for await (const frame of scanSpool(folder, { from: sequence, files })) {
    if (frame.kind !== "record" || frame.sequence < sequence) continue;
    const timeMs = Date.parse(parseLine(frame.payload)?.record.time ?? "");
    if (Number.isFinite(timeMs)) return timeMs;
  }
  return undefined;
}
