import { lstatSync, mkdirSync } from "node:fs";
import { enableCompileCache, flushCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

/** Bits of a mode that let others than the owner write. */
const OTHERS_WRITE = 0o022;
/** What is called in the first seconds is compiled by then and kept, too. */
const KEEP_AFTER_MS = 10_000;

/**
 * Lets Node.js keep what it has compiled in the user's cache folder, which is a fifth of the CPU time of a start. Code is run from there without
 * another look, so the folder must be the user's alone; in the one that Node.js would take, the temporary folder, anybody could lay
 * something ready. `NODE_COMPILE_CACHE` names another folder, and `NODE_DISABLE_COMPILE_CACHE` keeps nothing. Nothing fails without it.
 */
export function useCompileCache(env: NodeJS.ProcessEnv = process.env): void {
  if (env.NODE_COMPILE_CACHE !== undefined) return;
  try {
    const folder = join(userCacheFolder(env), "mcp-hangar", "compiled");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (isOwnAlone(folder)) enableCompileCache(folder);
  } catch {
    // A read-only file system, or a user without a home.
  }
}

/** Writes what was compiled once calls have come: a gateway that is killed has no other time to do so. */
export function keepCompiledSoon(): void {
  setTimeout(flushCompileCache, KEEP_AFTER_MS).unref();
}

/** By the conventions of the operating system. */
function userCacheFolder(env: NodeJS.ProcessEnv): string {
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches");
  if (process.platform === "win32") return env.LOCALAPPDATA ?? join(homedir(), "AppData", "Local");
  // A relative path is to be ignored, as the XDG Base Directory Specification has it.
  return env.XDG_CACHE_HOME?.startsWith("/") ? env.XDG_CACHE_HOME : join(homedir(), ".cache");
}

function isOwnAlone(folder: string): boolean {
  const found = lstatSync(folder);
  const uid = process.getuid?.();
  return found.isDirectory() && (uid === undefined || (found.uid === uid && (found.mode & OTHERS_WRITE) === 0));
}
