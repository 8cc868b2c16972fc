import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Plugin } from "rolldown";

/** A text file that a module reads beside itself; the name is written there as it is. */
const READ = /readFileSync\(new URL\("([^"]+)", import\.meta\.url\), "utf8"\)/g;
/** The one way in which a worker is found: beside its caller, under the name of an entry. */
const WORKER = /new URL\(import\.meta\.url\.endsWith\("\.ts"\) \? "worker\.ts" : "worker\.js", import\.meta\.url\)/g;

/**
 * A bundle has no folders: what a module of ours reads beside itself becomes part of it. Any other use of the place of a module is
 * refused, because it would be another place in the bundle.
 */
export function ownFolders(): Plugin {
  return {
    name: "own-folders",
    async transform(code, id) {
      if (!code.includes("import.meta") || id.includes("/node_modules/") || !id.endsWith(".ts")) return;
      let text = code;
      for (const [found, name] of code.matchAll(READ)) {
        const file = join(dirname(id), name ?? "");
        const content = await readFile(file, "utf8");
        text = text.replace(found, () => JSON.stringify(content));
      }
      if (text.replaceAll(WORKER, "").includes("import.meta")) {
        this.error(
          `${id} uses import.meta, which says in a bundle where the bundle is. Read files as ` +
            'readFileSync(new URL("<name>", import.meta.url), "utf8"), or see apps/server/scripts/bundle/own-folders.ts.',
        );
      }
      return text === code ? undefined : { code: text, map: null };
    },
  };
}
