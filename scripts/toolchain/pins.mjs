import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The root of the workspace, as an absolute path without a trailing slash. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/**
 * The versions that this workspace is developed with, each written down in one place:
 * Node.js in `.nvmrc`, pnpm in `packageManager`, the oldest Node.js that works in `engines`.
 * @returns {{ readonly node: string, readonly pnpm: string, readonly oldestNode: string }}
 */
export function readPins() {
  /** @type {{ packageManager: string, engines: { node: string } }} */
  const manifest = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
  return {
    node: readFileSync(`${root}/.nvmrc`, "utf8").trim(),
    pnpm: manifest.packageManager.replace(/^pnpm@/, "").replace(/\+.*$/, ""),
    oldestNode: manifest.engines.node.replace(/^>=\s*/, ""),
  };
}

/**
 * Whether a dotted version is the same as or newer than another; missing parts count as 0.
 * @param {string} version such as "24.21.0" or "v24.21.0"
 * @param {string} oldest such as "22.19"
 * @returns {boolean}
 */
export function isAtLeast(version, oldest) {
  const have = version.replace(/^v/, "").split(".");
  const want = oldest.split(".");
  for (let i = 0; i < 3; i += 1) {
    const difference = Number.parseInt(have[i] ?? "0", 10) - Number.parseInt(want[i] ?? "0", 10);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
