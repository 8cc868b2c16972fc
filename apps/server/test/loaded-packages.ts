import { writeSync } from "node:fs";
import { registerHooks } from "node:module";

/** Preloaded with `--import`: says on stdout at the end of the process which packages it has loaded. */
const STDOUT = 1;

const packages = new Set<string>();
registerHooks({
  load(url, context, nextLoad) {
    const name = url.startsWith("node:")
      ? url
      : (/.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? ours(url));
    if (name !== undefined) packages.add(name);
    return nextLoad(url, context);
  },
});

/** What Node.js has loaded of itself; its types leave the list out. */
const ofNode = (): readonly string[] => (process as unknown as { readonly moduleLoadList: string[] }).moduleLoadList;
process.on("exit", () => writeSync(STDOUT, JSON.stringify([...packages, ...ofNode()])));

/** Packages of the workspace are loaded from their own folders. */
function ours(url: string): string | undefined {
  const folder = /.*\/packages\/([^/]+)\/(?:src|dist)\//.exec(url)?.[1];
  return folder === undefined ? undefined : `@mcp-hangar/${folder}`;
}
