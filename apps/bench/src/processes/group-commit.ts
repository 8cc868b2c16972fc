import { open, rm } from "node:fs/promises";
import { join } from "node:path";

/** Bytes that the audit journal writes together when 16 calls are in flight: about a record each. */
const GROUP_BYTES = 16 * 800;
const GROUPS = 300;

/**
 * How long it takes to append a group of records to a file in a folder and to have it on the disk (`fdatasync`), in milliseconds,
 * ascending: what the audit journal does with `fail_closed`. Rejects with the error of the system.
 */
export async function groupCommitsMs(folder: string): Promise<Float64Array> {
  const path = join(folder, "group-commits");
  const group = Buffer.alloc(GROUP_BYTES, "x");
  const file = await open(path, "w", 0o600);
  const taken = new Float64Array(GROUPS);
  try {
    for (let commit = 0; commit < GROUPS; commit++) {
      const beginMs = performance.now();
      await file.write(group);
      await file.datasync();
      taken[commit] = performance.now() - beginMs;
    }
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
  return taken.sort();
}
