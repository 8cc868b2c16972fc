import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A temporary folder with the configuration of the demo and files to look at. */
export interface Playground {
  readonly configFile: string;
  /** The folder that the filesystem server shows. */
  readonly files: string;
  remove(): Promise<void>;
}

const SAMPLES: Readonly<Record<string, string>> = {
  "hello.txt": "Hello from the MCP Hangar demo.\n",
  "shopping.md": "# Shopping\n\n- flour\n- tea\n- two lemons\n",
  "planets.csv": "name,radius_km\nMercury,2439.7\nVenus,6051.8\nEarth,6371.0\nMars,3389.5\n",
};

/** Writes the files; `almanacUrl` is where the demo's own server listens. */
export async function createPlayground(almanacUrl: string): Promise<Playground> {
  // The real path: the filesystem server compares paths without symbolic links.
  const folder = await realpath(await mkdtemp(join(tmpdir(), "mcp-hangar-demo-")));
  const files = join(folder, "files");
  await mkdir(files);
  for (const [name, text] of Object.entries(SAMPLES)) await writeFile(join(files, name), text);
  const configFile = join(folder, "config.yaml");
  await writeFile(configFile, JSON.stringify(demoConfig(folder, files, almanacUrl), undefined, 2));
  return { configFile, files, remove: () => rm(folder, { recursive: true, force: true }) };
}

function demoConfig(folder: string, files: string, almanacUrl: string): unknown {
  return {
    history: { file: join(folder, "history.db").replaceAll("${", "$${") },
    mcp_servers: {
      everything: nodeServer("@modelcontextprotocol/server-everything/dist/index.js"),
      filesystem: nodeServer("@modelcontextprotocol/server-filesystem/dist/index.js", files),
      almanac: { mode: "remote", endpoint: almanacUrl },
    },
  };
}

/** JSON is YAML, and every text in it that could hold `${` is a path: written so that it is not expanded. */
function nodeServer(packageFile: string, ...args: readonly string[]): unknown {
  const file = fileURLToPath(new URL(`../node_modules/${packageFile}`, import.meta.url));
  return { mode: "subprocess", command: [process.execPath, file, ...args].map((text) => text.replaceAll("${", "$${")) };
}
