import { resolve } from "node:path";
import { z } from "zod";
import type { DiscoveredServer, DiscoverySource, SourceContext } from "../source.ts";
import { type SourceKind, sourceSchema } from "../source-kind.ts";
import { FolderWatch } from "./folder-watch.ts";
import { readServerFiles, type ServerFile, serverFileNames } from "./server-files.ts";

const optionsSchema = sourceSchema(
  "filesystem",
  { modes: ["subprocess", "docker", "remote"], addresses: [] },
  {
    path: z.string().min(1).max(4_096).describe("Folder of server files (`.yaml`, `.yml`, `.json`); it is watched."),
    expand_variables: z
      .boolean()
      .default(true)
      .describe(
        "Replaces variables, and files unless all servers are remote, as in the configuration. Switch it off where others may write the files.",
      ),
  },
);

/** A watched folder of server files. */
export const filesystemSource = {
  kind: "filesystem",
  optionsSchema,
  create: (options, context) => new FilesystemSource(options, context),
  preflight: async ({ path, server_modes: modes }) => void (await serverFileNames(resolve(path), canRun(modes))),
} satisfies SourceKind<"filesystem", typeof optionsSchema>;

/** Whether a file may have the gateway run something. */
function canRun(modes: z.output<typeof optionsSchema>["server_modes"]): boolean {
  return modes.some((mode) => mode !== "remote");
}

class FilesystemSource implements DiscoverySource {
  readonly #options: z.output<typeof optionsSchema>;
  readonly #context: SourceContext;
  readonly #folder: string;
  readonly #watch: FolderWatch;
  /** By name, with what was last read from them: a file that is broken now keeps the servers it had. */
  #files: ReadonlyMap<string, ServerFile> = new Map();
  #onChange: (() => void) | undefined;

  constructor(options: z.output<typeof optionsSchema>, context: SourceContext) {
    this.#options = options;
    this.#context = context;
    this.#folder = resolve(options.path);
    this.#watch = new FolderWatch(this.#folder, () => this.#onChange?.());
  }

  async discover(signal: AbortSignal): Promise<readonly DiscoveredServer[]> {
    const { expand_variables: expand, server_modes: modes } = this.#options;
    // Watched before it is read, so that no change falls between.
    await this.#watch.renew();
    const { files, unsettled } = await readServerFiles(this.#folder, {
      known: this.#files,
      signal,
      nowMs: this.#context.platform.clock.wallMs(),
      canRunCommands: canRun(modes),
      // Who may run programs reads files anyway. Others could have any file of the gateway sent to a server of theirs.
      parse: (text, file) =>
        this.#context.parseDocument(text, expand ? { file, mayReadFiles: canRun(modes) } : undefined),
    });
    this.#files = files;
    if (unsettled) this.#onChange?.();
    return [...files.values()].flatMap(({ servers }) => servers);
  }

  watch(onChange: () => void): () => void {
    this.#onChange = onChange;
    return () => {
      this.#onChange = undefined;
    };
  }

  async close(): Promise<void> {
    this.#onChange = undefined;
    this.#watch.close();
  }
}
