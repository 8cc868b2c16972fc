import { isatty } from "node:tty";
import { nodeFiles, type SpoolFiles } from "@mcp-hangar/delivery/spool";

const STDERR = 2;
/** How often it is told, in ms. */
const TELL_MS = 1_000;

/** Tells on a terminal how much of journals was read. */
export class AuditProgress {
  /** Files that count what is read of them. */
  readonly files: SpoolFiles;
  readonly #what: string;
  readonly #timer: NodeJS.Timeout | undefined;
  #totalBytes = 0;
  #readBytes = 0;
  #hasTold = false;

  constructor(what: string) {
    this.#what = what;
    this.files = {
      ...nodeFiles,
      read: async (path, offset, bytes) => {
        const buffer = await nodeFiles.read(path, offset, bytes);
        this.#readBytes += buffer.length;
        return buffer;
      },
    };
    if (isatty(STDERR)) this.#timer = setInterval(() => this.#tell(), TELL_MS);
  }

  /** Adds the records of a folder to what there is to read. Rejects with the error of the system. */
  async expect(folder: string): Promise<void> {
    for (const { name, bytes } of await nodeFiles.list(folder))
      if (name.endsWith(".segment")) this.#totalBytes += bytes;
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#hasTold) process.stderr.write("\r\u001b[K");
  }

  #tell(): void {
    this.#hasTold = true;
    const percent =
      this.#totalBytes === 0 ? 100 : Math.min(100, Math.floor((100 * this.#readBytes) / this.#totalBytes));
    process.stderr.write(`\r\u001b[K${this.#what}: ${percent} % of ${megabytes(this.#totalBytes)} MB`);
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}
