import { dirname, join } from "node:path";
import type { Plugin } from "rolldown";

/** What the gateway imports of undici at its start, and the files of undici that export it. */
const PARTS = {
  Client: "lib/dispatcher/client.js",
  Pool: "lib/dispatcher/pool.js",
  buildConnector: "lib/core/connect.js",
};
const PREFIX = "\0undici:";

/** Static imports of undici get its parts; its index loads all clients, fetch, WebSockets and caches along. */
export function undiciParts(): Plugin {
  return {
    name: "undici-parts",
    async resolveId(specifier, importer, { kind }) {
      if (specifier !== "undici" || kind !== "import-statement") return;
      const index = await this.resolve(specifier, importer, { skipSelf: true });
      return index === null ? undefined : `${PREFIX}${dirname(index.id)}`;
    },
    load(id) {
      if (!id.startsWith(PREFIX)) return;
      const folder = id.slice(PREFIX.length);
      const lines = Object.entries(PARTS).map(
        ([name, file]) => `export { default as ${name} } from ${JSON.stringify(join(folder, file))};`,
      );
      return { code: lines.join("\n"), moduleSideEffects: false };
    },
  };
}
