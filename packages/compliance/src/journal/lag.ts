import type { Clock } from "@mcp-hangar/delivery";
import { type Cursor, type SpoolFiles, scanSpool } from "@mcp-hangar/delivery/spool";
import { entryOfLine } from "./line.ts";

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
export async function lagOf(cursor: Cursor, { folder, files, clock }: Surroundings): Promise<JournalLag> {
  const { position, end } = cursor;
  const records = Math.max(0, end - position);
  if (records === 0) return { records, seconds: 0 };
  // The cursor knows where it is in its file, or has the record in memory; without either a file is read from its beginning.
  const read = await cursor.read({ recordsMax: 1, bytesMax: 1 });
  const [next] = read.kind === "read" ? read.items : [];
  const timeMs =
    (next?.kind === "record" ? timeOfLine(next.payload) : undefined) ?? (await timeOf(position, folder, files));
  return { records, seconds: timeMs === undefined ? 0 : Math.max(0, clock.wallMs() - timeMs) / 1_000 };
}

/** When the first readable record from a number on happened, in ms since the epoch; `undefined` when there is none. */
export async function timeOf(sequence: number, folder: string, files: SpoolFiles): Promise<number | undefined> {
  for await (const frame of scanSpool(folder, { from: sequence, files })) {
    if (frame.kind !== "record" || frame.sequence < sequence) continue;
    const timeMs = timeOfLine(frame.payload);
    if (timeMs !== undefined) return timeMs;
  }
  return undefined;
}

function timeOfLine(bytes: Uint8Array): number | undefined {
  const timeMs = Date.parse(entryOfLine(bytes)?.record.time ?? "");
  return Number.isFinite(timeMs) ? timeMs : undefined;
}
