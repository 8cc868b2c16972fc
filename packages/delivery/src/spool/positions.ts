import { join } from "node:path";
import { crc32 } from "node:zlib";
import { codeOf, type SpoolFiles } from "./files.ts";

/**
 * A sequence number in a small file: where a consumer is, or where the spool ended. A checksum tells a damaged one, which
 * counts as none.
 */
export class PositionFile {
  readonly #files: SpoolFiles;
  readonly #path: string;
  readonly #name: string;

  /** `name` is the name of the file in the folder; it is part of what the checksum covers. */
  constructor(files: SpoolFiles, folder: string, name: string) {
    this.#files = files;
    this.#path = join(folder, name);
    this.#name = name;
  }

  /** The position; "none" where there is no file, "damaged" where it cannot be trusted. */
  async read(): Promise<number | "none" | "damaged"> {
    const text = await this.#files.readText(this.#path);
    if (text === undefined) return "none";
    const position = Number.parseInt(text, 10);
    return Number.isSafeInteger(position) && text === this.#textOf(position) ? position : "damaged";
  }

  /**
   * Resolves when the position is on the disk. On a full one it is written over the one before: without that, what consumers have passed
   * could never be removed, and the disk stayed full.
   */
  async write(position: number): Promise<void> {
    const text = this.#textOf(position);
    try {
      await this.#files.replaceText(this.#path, text);
    } catch (error) {
      if (codeOf(error) !== "ENOSPC") throw error;
      await this.#files.overwriteText(this.#path, text);
    }
  }

  #textOf(position: number): string {
    return `${position} ${crc32(`${this.#name} ${position}`).toString(16)}\n`;
  }
}
