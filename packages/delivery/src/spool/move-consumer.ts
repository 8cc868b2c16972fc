import { nodeFiles, type SpoolFiles } from "./files.ts";
import { lockFolder } from "./lock.ts";
import { PositionFile } from "./positions.ts";
import { spoolPositions } from "./scan.ts";

/**
 * Puts a consumer of a spool that is not open to another place, so that the next start goes on there: back, to send again what it has
 * had, or forward, to leave something out. `sequence` is the number of the next record. Rejects when a process has the spool open, when
 * there is no such consumer or number, and with the error of the system.
 */
export async function moveConsumer(
  folder: string,
  { consumer, sequence }: { readonly consumer: string; readonly sequence: number },
  files: SpoolFiles = nodeFiles,
): Promise<void> {
  const lock = await lockFolder(folder);
  if ("heldBy" in lock) throw new Error(`${folder} belongs to process ${lock.heldBy}; stop it first`);
  try {
    const name = `${consumer}.position`;
    const known = await spoolPositions(folder, files);
    if (!known.has(name)) throw new RangeError(`${folder} knows no consumer ${consumer}`);
    // Beyond them nothing is known to have been written, and what comes next would be numbered by it.
    const last = Math.max(...[...known.values()].filter((each) => typeof each === "number"), 1);
    if (!Number.isSafeInteger(sequence) || sequence < 1 || sequence > last) {
      throw new RangeError(`${sequence} is none of the numbers 1 to ${last}`);
    }
    await new PositionFile(files, folder, name).write(sequence);
  } finally {
    await lock.release();
  }
}
