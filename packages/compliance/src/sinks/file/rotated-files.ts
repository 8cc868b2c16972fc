import { createReadStream, createWriteStream } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { syncFolder } from "./appended-file.ts";

/** How long files that are written no more are kept. Without a member nothing is removed because of it. */
export interface FileRetention {
  /** Files beside the one that is written. */
  readonly filesMax?: number;
  /** Milliseconds since a file was rotated. */
  readonly ageMaxMs?: number;
}

interface RotatedFile {
  readonly name: string;
  readonly rotatedMs: number;
  /** Tells those of one millisecond apart. */
  readonly number: number;
  readonly isCompressed: boolean;
}

const PART = ".gz.part";

/** The files that once were at a path: `<path>.20260131T080000123Z`, with `.gz` when compressed. */
export class RotatedFiles {
  readonly #folder: string;
  readonly #base: string;

  constructor(path: string) {
    this.#folder = dirname(path);
    this.#base = basename(path);
  }

  /**
   * Gives the file at the path a name of its own, which no file has, and behind all others: names are in the order of the records, also
   * when the clock was set back, because the first ones are removed first.
   */
  async rotate(nowMs: number): Promise<void> {
    const [newest] = await this.#files();
    const stamp = new Date(Math.max(nowMs, newest?.rotatedMs ?? 0)).toISOString().replaceAll(/[-:.]/g, "");
    const isShared = newest !== undefined && newest.rotatedMs >= nowMs;
    const name = `${this.#base}.${stamp}${isShared ? `-${newest.number + 1}` : ""}`;
    await rename(join(this.#folder, this.#base), join(this.#folder, name));
    await syncFolder(this.#folder);
  }

  /** Compresses those that are not, if wanted, and removes those that are kept no longer. */
  async tidy(options: {
    readonly compress: boolean;
    readonly retention: FileRetention;
    readonly nowMs: number;
  }): Promise<void> {
    const { compress, retention, nowMs } = options;
    const { filesMax = Number.POSITIVE_INFINITY, ageMaxMs = Number.POSITIVE_INFINITY } = retention;
    const files = await this.#files();
    const outdated = files.filter(({ rotatedMs }, place) => place >= filesMax || nowMs - rotatedMs > ageMaxMs);
    for (const { name } of outdated) await rm(join(this.#folder, name), { force: true });
    if (!compress) return;
    const gone = new Set(outdated);
    for (const file of files) if (!file.isCompressed && !gone.has(file)) await this.#compress(file.name);
  }

  /** Newest first. What is left of a compression that did not end is removed. */
  async #files(): Promise<readonly RotatedFile[]> {
    const names = (await readdir(this.#folder)).filter((name) => name.startsWith(`${this.#base}.`));
    const files = names.flatMap((name) => this.#parse(name) ?? []);
    for (const name of names) {
      const isPart = name.endsWith(PART) && this.#parse(name.slice(0, -PART.length)) !== undefined;
      if (isPart) await rm(join(this.#folder, name), { force: true });
    }
    return files.toSorted((one, other) => other.rotatedMs - one.rotatedMs || other.number - one.number);
  }

  #parse(name: string): RotatedFile | undefined {
    const found = STAMP.exec(name.slice(this.#base.length));
    if (found === null) return undefined;
    const [, year, month, day, hour, minute, second, ms, number = "0", gz] = found;
    const rotatedMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
    return { name, rotatedMs, number: Number(number), isCompressed: gz !== undefined };
  }

  /** Writes the compressed file beside it; after a crash there is one of them at least. */
  async #compress(name: string): Promise<void> {
    const path = join(this.#folder, name);
    const part = `${path}${PART}`;
    try {
      // With `flush` it is on the disk before it is closed.
      const target = createWriteStream(part, { flags: "wx", mode: 0o600, flush: true });
      await pipeline(createReadStream(path), createGzip(), target);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
    await rename(part, `${path}.gz`);
    await syncFolder(this.#folder);
    await rm(path);
  }
}

const STAMP = /^\.(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z(?:-(\d+))?(\.gz)?$/;
