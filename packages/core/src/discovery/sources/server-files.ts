import type { Stats } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DiscoveredServer } from "../source.ts";

/** Files of a folder that are looked at: a folder with more is no folder of server files. */
const FILES_MAX = 1_000;
/** Bytes of one file. */
const FILE_BYTES_MAX = 65_536;
/** A file that was written this recently, in ms, may not be complete. */
const SETTLE_MS = 100;
const SERVER_FILE = /^([^.].*)\.(?:ya?ml|json)$/i;

/** What a file holds, and what tells that it was written since. */
export interface ServerFile {
  readonly version: string;
  readonly servers: readonly DiscoveredServer[];
}

export interface ReadOptions {
  /** What was read from the files before. */
  readonly known: ReadonlyMap<string, ServerFile>;
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** Whether a file may make the gateway run something: then nobody else must be able to write it. */
  readonly canRunCommands: boolean;
  /** `file` is where the text was read. */
  readonly parse: (text: string, file: string) => unknown;
}

/** All server files of a folder by name, and whether some are still being written. */
export interface ServerFiles {
  readonly files: ReadonlyMap<string, ServerFile>;
  readonly unsettled: boolean;
}

/**
 * Reads the server files of a folder, those only that changed. A file that cannot be used has a problem instead of
 * servers, or beside those it had. Rejects when the folder cannot be read, with what to do.
 */
export async function readServerFiles(folder: string, options: ReadOptions): Promise<ServerFiles> {
  const names = await serverFileNames(folder, options.canRunCommands);
  const files = new Map<string, ServerFile>();
  let unsettled = false;
  for (const name of names) {
    options.signal.throwIfAborted();
    const path = join(folder, name);
    const before = options.known.get(name);
    const status = await stat(path).catch(() => undefined);
    if (status === undefined || !status.isFile()) continue;
    const ageMs = options.nowMs - status.mtimeMs;
    if (ageMs >= 0 && ageMs < SETTLE_MS) {
      unsettled = true;
      if (before !== undefined) files.set(name, before);
      continue;
    }
    const version = [status.ino, status.mtimeMs, status.ctimeMs, status.size].join(" ");
    files.set(
      name,
      before?.version === version ? before : await readOne({ path, name, status, before, version }, options),
    );
  }
  return { files, unsettled };
}

/** The names of a folder's server files. Rejects when the folder cannot be used, with what to do. */
export async function serverFileNames(folder: string, canRunCommands: boolean): Promise<readonly string[]> {
  try {
    if (canRunCommands && isWritableByAll(await stat(folder))) {
      throw new Error(
        `everybody may write into the folder ${folder}, and so have commands run: take the right away (chmod o-w), or ` +
          "leave only remote in server_modes",
      );
    }
    const names = (await readdir(folder)).filter((name) => SERVER_FILE.test(name)).sort();
    if (names.length > FILES_MAX) throw new Error(`the folder ${folder} has more than ${FILES_MAX} server files`);
    return names;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT")
      throw new Error(`the folder ${folder} does not exist: make it, or correct path`, { cause: error });
    if (code === "EACCES")
      throw new Error(`the folder ${folder} must not be read by the gateway: ${message}`, { cause: error });
    if (code === "ENOTDIR") throw new Error(`${folder} is no folder: correct path`, { cause: error });
    throw error;
  }
}

interface FileToRead {
  readonly path: string;
  readonly name: string;
  readonly status: Stats;
  readonly before: ServerFile | undefined;
  readonly version: string;
}

async function readOne({ path, name, status, before, version }: FileToRead, options: ReadOptions): Promise<ServerFile> {
  const fallback = SERVER_FILE.exec(name)?.[1] ?? name;
  try {
    if (status.size > FILE_BYTES_MAX) throw new Error(`larger than ${FILE_BYTES_MAX} bytes (${status.size})`);
    if (options.canRunCommands && isWritableByAll(status)) {
      throw new Error("everybody may write it, and so have commands run: take the right away (chmod o-w)");
    }
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path, { signal: options.signal }));
    return { version, servers: serversIn(options.parse(text, path), fallback, path) };
  } catch (error) {
    options.signal.throwIfAborted();
    const problem = `${name}: ${error instanceof Error ? error.message : String(error)}`;
    const servers = before?.servers ?? [{ name: fallback, options: undefined, location: path }];
    return { version, servers: servers.map((server) => ({ ...server, problem })) };
  }
}

/** One server, named after the file, or several below `mcp_servers`, as in the configuration. */
function serversIn(content: unknown, fallback: string, location: string): readonly DiscoveredServer[] {
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new Error("expected a server (mode, command or endpoint, …), or several below mcp_servers");
  }
  if (!("mcp_servers" in content)) return [{ name: fallback, options: content, location }];
  const { mcp_servers: servers, ...others } = content;
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new Error(`${JSON.stringify(other)} stands beside mcp_servers, where nothing else may be`);
  if (typeof servers !== "object" || servers === null || Array.isArray(servers)) {
    throw new Error("mcp_servers has to have servers by id");
  }
  return Object.entries(servers).map(([name, options]) => ({ name, options, location }));
}

function isWritableByAll({ mode }: Stats): boolean {
  return (mode & 0o002) !== 0;
}
