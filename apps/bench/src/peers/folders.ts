import { lstatSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Bytes of a block in which Unix counts what a file takes. */
const BLOCK = 512;

/** Where the bench keeps what it has installed: the user's cache folder, as the operating system names it. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME } = process.env;
  const system = process.platform === "darwin" ? join(homedir(), "Library/Caches") : join(homedir(), ".cache");
  return join(XDG_CACHE_HOME || system, "mcp-hangar-bench");
}

/** What all files and folders below a folder take on disk, in bytes, itself included. */
export function diskBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => lstatSync(join(folder, name)).blocks * BLOCK)
    .reduce((sum, bytes) => sum + bytes, lstatSync(folder).blocks * BLOCK);
}
