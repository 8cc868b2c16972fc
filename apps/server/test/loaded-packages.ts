import { existsSync, readFileSync, writeSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";

/** Preloaded with `--import`: says on stdout at the end of the process which packages its main thread has loaded. */
const STDOUT = 1;

const packages = new Set<string>();
registerHooks({
  load(url, context, nextLoad) {
    for (const source of sourcesOf(url)) {
      const name = nameOf(source);
      if (name !== undefined) packages.add(name);
    }
    return nextLoad(url, context);
  },
});

/** What Node.js has loaded of itself; its types leave the list out. */
const ofNode = (): readonly string[] => (process as unknown as { readonly moduleLoadList: string[] }).moduleLoadList;
if (isMainThread) process.on("exit", () => writeSync(STDOUT, JSON.stringify([...packages, ...ofNode()])));

/** The files that a file is made of: a chunk of the bundle has a source map that names them. */
function sourcesOf(url: string): readonly string[] {
  const map = url.startsWith("file:") ? `${fileURLToPath(url)}.map` : "";
  if (!existsSync(map)) return [url];
  return (JSON.parse(readFileSync(map, "utf8")) as { readonly sources: readonly string[] }).sources;
}

/** Packages of the workspace are loaded from their own folders. */
function nameOf(source: string): string | undefined {
  if (source.startsWith("node:")) return source;
  const installed = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1];
  if (installed !== undefined) return installed;
  const folder = /.*\/packages\/([^/]+)\/(?:src|dist)\//.exec(source)?.[1];
  return folder === undefined ? undefined : `@mcp-hangar/${folder}`;
}
