import { readFileSync } from "node:fs";

/** The version of this package, as it was published. */
export function packageVersion(): string {
  // From `src/cli` and from `dist/cli` alike.
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const isKnown = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return isKnown ? String(manifest.version) : "unknown";
}
