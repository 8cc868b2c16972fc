import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that disappears with the scope that opened it. */
export interface TemporaryFolder extends AsyncDisposable {
  /** Absolute path without symbolic links, as servers report it. */
  readonly path: string;
}

/** Makes an empty folder below the system's temporary folder. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "hangar-e2e-")));
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
    },
  };
}
