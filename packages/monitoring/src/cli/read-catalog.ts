import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import type { CatalogLock } from "../diff/lock.ts";
import { InputUnusable, parseLock } from "../diff/parse-lock.ts";

/** A catalog takes some fifty kilobytes. */
const BYTES_MAX = 4 * 2 ** 20;

/**
 * Reads a catalog from a file, or from the standard input for `-`.
 * @throws InputUnusable when it cannot be read, is too large or is no catalog.
 */
export async function readCatalog(source: string, stdin: Readable): Promise<CatalogLock> {
  const name = source === "-" ? "the standard input" : source;
  return parseLock(await textOf(source === "-" ? stdin : createReadStream(source), name), name);
}

/** Stops reading at the limit, for a stream may have no end. */
async function textOf(stream: Readable, name: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > BYTES_MAX) {
        throw new InputUnusable(`${name} is larger than ${BYTES_MAX} bytes, which no catalog is. Give a catalog.json.`);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof InputUnusable) throw error;
    throw new InputUnusable(`${name} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
  return Buffer.concat(chunks).toString("utf8");
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
      return "there is no such file. Git has the catalog of each release: git show <tag>:monitoring/catalog.json";
    case "EISDIR":
      return "it is a folder. Give the catalog.json in it";
    case "EACCES":
      return "it may not be read by this user";
    default:
      return String(code ?? error);
  }
}
