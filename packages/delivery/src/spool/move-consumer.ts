import { nodeFiles, type SpoolFiles } from "./files.ts";
import { lockFolder } from "./lock.ts";
import { PositionFile } from "./positions.ts";

/**
 * Puts a consumer of a spool that is not open to another place, so that the next start goes on there: back, to send again what it has
 * had, or forward, to leave something out. `sequence` is the number of the next record. Rejects when a process has the spool open, and
 * with the error of the system.
 */
export async function moveConsumer(
  folder: string,
  { consumer, sequence }: { readonly consumer: string; readonly sequence: number },
  files: SpoolFiles = nodeFiles,
): Promise<void> {
  if (!Number.isSafeInteger(sequence) || sequence < 1) throw new RangeError(`no sequence number: ${sequence}`);
  const lock = await lockFolder(folder);
  if ("heldBy" in lock) throw new Error(`${folder} belongs to process ${lock.heldBy}; stop it first`);
  try {
    const file = new PositionFile(files, folder, `${consumer}.position`);
    if ((await file.read()) === "none") throw new RangeError(`${folder} knows no consumer ${consumer}`);
    await file.write(sequence);
  } finally {
    await lock.release();
  }
}
