import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./pins.mjs";

/** Gone with the installed packages, and found again by asking npx. */
const defaultFile = join(root, "node_modules/.cache/toolchain.json");

/**
 * What npx has brought: asking it again takes seconds.
 * @typedef {object} KeptToolchain
 * @property {string} node the version of Node.js
 * @property {string} pnpm the version of pnpm
 * @property {readonly string[]} directories where their programs are
 */

/**
 * The directories that npx named for these versions, if the programs are still there.
 * @param {Pick<KeptToolchain, "node" | "pnpm">} pins
 * @param {string} [file]
 * @returns {readonly string[] | undefined}
 */
export function keptDirectories(pins, file = defaultFile) {
  /** @type {Partial<KeptToolchain> | null} */
  let kept;
  try {
    kept = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
  const { node, pnpm, directories } = kept ?? {};
  if (node !== pins.node || pnpm !== pins.pnpm || !Array.isArray(directories)) return undefined;
  const complete = ["node", "pnpm"].every((name) => directories.some((each) => existsSync(join(String(each), name))));
  return complete ? directories : undefined;
}

/**
 * Keeps what npx has named. A folder that cannot be written costs the next start its seconds, and nothing else.
 * @param {KeptToolchain} found
 * @param {string} [file]
 */
export function keepDirectories({ node, pnpm, directories }, file = defaultFile) {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify({ node, pnpm, directories }));
  } catch {
    // A checkout that is read-only.
  }
}
