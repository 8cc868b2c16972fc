import { createHash } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "./files.ts";

/** Makes a folder or a file the property of this process. A lock whose process is gone is taken over. */
export interface FileLock {
  release(): Promise<void>;
}

/**
 * Locks a folder with a file in it that names this process; the result is the process that has it instead. Rejects with the
 * error of the system when the folder cannot be written.
 */
export function lockFolder(folder: string): Promise<FileLock | { readonly heldBy: number }> {
  return takeLock(join(folder, "lock"));
}

/** Takes a lock, which is a file at `path` that names this process, in a folder that exists; otherwise as `lockFolder`. */
export async function takeLock(path: string): Promise<FileLock | { readonly heldBy: number }> {
  locks += 1;
  const own = `${path}.${process.pid}.${locks}`;
  await writeFile(own, `${process.pid} ${await startOf(process.pid)} ${locks}\n`, { mode: 0o600 });
  try {
    const holder = await take(path, own);
    return holder === undefined ? { release: () => rm(path, { force: true }) } : { heldBy: holder.pid };
  } finally {
    await rm(own, { force: true });
  }
}

/** Locks that this process has tried to take: each has a file of its own on the way. */
let locks = 0;

interface Holder {
  readonly pid: number;
  readonly isAlive: boolean;
  /** What the lock says. */
  readonly text: string;
}

/**
 * Takes a lock; the holder when somebody who runs has it. A stale lock is removed by one process only: by whoever has taken the lock on
 * its very text. So nobody who looked at it some time ago removes the one that came in its place.
 */
async function take(path: string, own: string): Promise<Holder | undefined> {
  for (;;) {
    // In one step, and only where there is none.
    if (await isDone(link(own, path), "EEXIST")) return undefined;
    const holder = await holderOf(path);
    if (holder?.isAlive === true) return holder;
    if (holder === undefined) continue;
    const claim = `${path}.${createHash("sha256").update(holder.text).digest("hex").slice(0, 16)}`;
    const other = await take(claim, own);
    if (other !== undefined) return other;
    try {
      if ((await holderOf(path))?.text === holder.text) await rm(path);
    } finally {
      await rm(claim, { force: true });
    }
  }
}

/** Who has the lock; `undefined` when it is gone by now. A lock that names nobody was torn by a crash and is stale. */
async function holderOf(path: string): Promise<Holder | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  const [pidText = "", start = ""] = text.trim().split(" ");
  const pid = Number.parseInt(pidText, 10);
  if (!(pid > 0)) return { pid: 0, isAlive: false, text };
  const startNow = await startOf(pid);
  const isSame = start === startNow || start === "unknown" || startNow === "unknown";
  return { pid, isAlive: startNow !== "gone" && isSame, text };
}

/**
 * When a process started, by Linux's count, so that another one with its number is told from it: in a container the gateway
 * has the same number after each start. Elsewhere "unknown" of a process that runs; "gone" of one that does not.
 */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name of the program stands in parentheses and may hold anything; the state is the first field after it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "gone" : (fields[19] ?? "unknown");
  } catch {
    return isRunning(pid) ? "unknown" : "gone";
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user may not be signalled, and runs.
    return codeOf(error) === "EPERM";
  }
}

/** False when it failed with this code. */
async function isDone(action: Promise<unknown>, code: string): Promise<boolean> {
  try {
    await action;
    return true;
  } catch (error) {
    if (codeOf(error) === code) return false;
    throw error;
  }
}
