import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { InputUnusable } from "../diff/parse-lock.ts";
import type { Extension } from "../extension/extension.ts";

/** What the keys of an extension must be, as far as can be seen before it is used. */
const KINDS: Readonly<Record<keyof Extension, (value: unknown) => boolean>> = {
  topic: (value) => typeof value === "function",
  scenarios: (value) => typeof value === "function",
  runbooks: (value) => typeof value === "function",
  dashboards: Array.isArray,
};

/**
 * Loads a module with own alerts and dashboards. TypeScript is taken as it is, for Node.js strips its types.
 * @throws InputUnusable when it cannot be loaded, or when its default export is no extension.
 */
export async function readExtension(file: string | undefined): Promise<Extension | undefined> {
  if (file === undefined) return undefined;
  const loaded: unknown = await import(pathToFileURL(resolve(file)).href).catch((error: unknown) => {
    throw new InputUnusable(`${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
  });
  const given: unknown =
    typeof loaded === "object" && loaded !== null && "default" in loaded ? loaded.default : undefined;
  if (!isExtension(given)) {
    throw new InputUnusable(
      `${file} has no extension as its default export: give an object with ${Object.keys(KINDS).join(", ")}, or some of them.`,
    );
  }
  return given;
}

function isExtension(value: unknown): value is Extension {
  if (typeof value !== "object" || value === null) return false;
  const kinds: Readonly<Record<string, (value: unknown) => boolean>> = KINDS;
  const entries = Object.entries(value);
  return entries.length > 0 && entries.every(([key, part]) => Object.hasOwn(kinds, key) && kinds[key]?.(part) === true);
}
