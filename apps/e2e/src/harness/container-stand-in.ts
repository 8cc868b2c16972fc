import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "./temporary-folder.ts";

/** No engine runs here: its client is a program that records its arguments and runs the server as a "container". */
const STAND_IN = fileURLToPath(new URL("../../../../packages/core/test/docker/fixtures/engine.mjs", import.meta.url));
const IMAGE = "ghcr.io/acme/everything:1.2";

/** What stands in for an engine and its one image. */
export interface ContainerStandIn extends AsyncDisposable {
  /** Also in the command line of everything it runs. */
  readonly folder: string;
  /** Configuration of a server in a container of that image. */
  readonly server: Readonly<Record<string, unknown>>;
  /** The arguments with which its client was called. */
  commands(): readonly (readonly string[])[];
  /** Ids of the containers that are there. */
  containers(): readonly string[];
}

/** Prepares an engine with an image that runs a file of JavaScript or TypeScript with these arguments. */
export async function containerStandIn(...container: readonly string[]): Promise<ContainerStandIn> {
  const folder = await temporaryFolder();
  const command = join(folder.path, "docker");
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${STAND_IN}' '${folder.path}' "$@"\n`, {
    mode: 0o755,
  });
  writeFileSync(join(folder.path, "images.json"), JSON.stringify({ [IMAGE]: [process.execPath, ...container] }));
  return {
    folder: folder.path,
    server: { mode: "docker", image: IMAGE, command },
    commands: () =>
      readFileSync(join(folder.path, "calls.jsonl"), "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as { readonly argv: readonly string[] }).argv),
    containers: () => readdirSync(join(folder.path, "containers")),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
