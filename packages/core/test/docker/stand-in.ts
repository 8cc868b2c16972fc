import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** One run of the client. */
export interface ClientCall {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** A folder with a program that is called like a client of Docker, records how, and runs "containers". */
export class StandIn implements AsyncDisposable {
  readonly folder: string;
  /** Path of the client. */
  readonly command: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.command = join(folder, "docker");
  }

  /** `images` has the command of each image, `failures` what a client says of those that cannot run. */
  static async create(
    images: Readonly<Record<string, readonly string[]>>,
    failures: Readonly<Record<string, { readonly code: number; readonly stderr: string } | "hang">> = {},
  ): Promise<StandIn> {
    const standIn = new StandIn(await mkdtemp(join(tmpdir(), "mcp-hangar-docker-")));
    const engine = fileURLToPath(new URL("fixtures/engine.mjs", import.meta.url));
    const script = `#!/bin/sh\nexec '${process.execPath}' '${engine}' '${standIn.folder}' "$@"\n`;
    await writeFile(standIn.command, script, { mode: 0o755 });
    await writeFile(join(standIn.folder, "images.json"), JSON.stringify(images));
    await writeFile(join(standIn.folder, "failures.json"), JSON.stringify(failures));
    return standIn;
  }

  /** How the client was called with that verb, oldest first. */
  calls(verb: string): readonly ClientCall[] {
    const file = join(this.folder, "calls.jsonl");
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    return lines.map((line): ClientCall => JSON.parse(line)).filter(({ argv }) => argv[0] === verb);
  }

  /** Names of the containers that the engine has. */
  containers(): readonly string[] {
    const folder = join(this.folder, "containers");
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
