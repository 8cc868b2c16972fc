import { readFileSync } from "node:fs";

/** Name and version as they stand in the package's manifest, which is one folder above sources and build alike. */
export const BUILD: { readonly name: "mcp-hangar"; readonly version: string } = {
  name: "mcp-hangar",
  version: manifestVersion(),
};

function manifestVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const version =
    typeof manifest === "object" && manifest !== null && "version" in manifest ? manifest.version : undefined;
  if (typeof version !== "string") throw new Error("package.json of mcp-hangar has no version");
  return version;
}
