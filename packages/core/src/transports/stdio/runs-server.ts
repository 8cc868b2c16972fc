import { readFile, readlink } from "node:fs/promises";
import { isInstaller } from "./installer.ts";

/** Processes that are looked at: an installer has a few, and those of a package's scripts. */
const PROCESSES_MAX = 500;

/**
 * Whether an installer below this supervisor has started its server, by what the kernel shows (proc_pid_children(5)): the server is
 * handed the stdin of the installer, and what an installer runs while it fetches is not. False where it cannot be told.
 */
export async function runsServer(supervisor: number): Promise<boolean> {
  const stdin = await readlink(`/proc/${supervisor}/fd/0`).catch(() => undefined);
  if (stdin === undefined) return false;
  // The first generation is the installer itself, and the watcher of the supervisor.
  const left = (await Promise.all((await childrenOf(supervisor)).map(childrenOf))).flat();
  for (let looked = 0; left.length > 0 && looked < PROCESSES_MAX; looked++) {
    const pid = left.pop() ?? 0;
    const [ownStdin, commandLine] = await Promise.all([
      readlink(`/proc/${pid}/fd/0`).catch(() => undefined),
      readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""),
    ]);
    if (ownStdin === stdin && commandLine !== "" && !isInstaller(commandLine.split("\0"))) return true;
    left.push(...(await childrenOf(pid)));
  }
  return false;
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return text
    .split(" ")
    .filter((word) => word !== "")
    .map(Number);
}
