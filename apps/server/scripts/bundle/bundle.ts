import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type OutputChunk, rolldown } from "rolldown";
import { builtinModules } from "./builtin-modules.ts";
import { describeLicences } from "./licences.ts";
import { ownFolders } from "./own-folders.ts";
import { undiciParts } from "./undici-parts.ts";

const app = join(import.meta.dirname, "../..");

/** What runs as a program of its own: the command line, and each worker thread under the name that its caller asks for. */
const ENTRIES = {
  main: join(app, "src/main.ts"),
  worker: join(app, "src/history/worker.ts"),
};

/**
 * Packages that stay packages, and stand in `dependencies` of the manifest: their folders hold more than JavaScript (proto files,
 * addons), or they are larger than the gateway and of use with one source of discovery only.
 */
const EXTERNAL: readonly string[] = ["@grpc/grpc-js", "@kubernetes/client-node", "dockerode"];

const NAMES = { function: true, class: true };

/** Name of the file with the licences of everything that was taken in. */
const LICENCES = "THIRD-PARTY-LICENSES.txt";

/**
 * Builds the command line from the sources of all packages into a folder: `main.js`, `worker.js`, chunks for what is imported
 * when it is needed, source maps, and the licences of others. What the folder held before is removed.
 * @throws Error for an import that is not found, and for what would not work outside of its own file (see `ownFolders`).
 */
export async function bundle(folder: string): Promise<void> {
  await using build = await rolldown({
    input: ENTRIES,
    cwd: app,
    platform: "node",
    external: (specifier) => EXTERNAL.some((name) => specifier === name || specifier.startsWith(`${name}/`)),
    resolve: { conditionNames: ["@mcp-hangar/source", "node", "import", "default"] },
    tsconfig: false,
    plugins: [builtinModules(), undiciParts(), ownFolders()],
    onLog(level, log, otherwise) {
      if (level === "warn") throw new Error(log.message);
      otherwise(level, log);
    },
  });
  const { output } = await build.generate({
    format: "es",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    sourcemap: true,
    // The paths are enough to read a stack; the texts would make the package twice as large.
    sourcemapExcludeSources: true,
    comments: false,
    // Less text takes less time to compile, and less memory; names of functions and classes stay for stacks.
    minify: { compress: { keepNames: NAMES }, mangle: { keepNames: NAMES }, codegen: { removeWhitespace: true } },
  });
  const chunks = output.filter((file): file is OutputChunk => file.type === "chunk");
  const licences = await describeLicences(chunks.flatMap(({ moduleIds }) => moduleIds));
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const files = output.map((file) => [file.fileName, file.type === "chunk" ? file.code : file.source] as const);
  await Promise.all(
    [...files, [LICENCES, licences] as const].map(([name, text]) => writeFile(join(folder, name), text)),
  );
}
