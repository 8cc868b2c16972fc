import { resolve } from "node:path";
import { z } from "zod";
import type { DiscoveredServer, DiscoverySource } from "../source.ts";
import { type SourceKind, sourceSchema } from "../source-kind.ts";
import { installedPackages, packageNames } from "./installed-packages.ts";
import { announcePackage, type PackageOverrides } from "./package-server.ts";

const overrides = z.strictObject({
  name: z.string().min(1).max(63).optional().describe("Id of the server, instead of one made of the package's name."),
  args: z.array(z.string()).optional().describe("Arguments, instead of those that the package declares."),
  env: z.record(z.string(), z.string()).optional().describe("Variables for the server."),
  enabled: z.boolean().default(true).describe("False leaves the package out."),
});

const optionsSchema = sourceSchema(
  "npm",
  { modes: ["subprocess"], addresses: [] },
  {
    folders: z
      .array(z.string().min(1).max(4_096))
      .min(1)
      .max(20)
      .describe(
        "Folders with a `node_modules`: a project, of which its own dependencies count, or npm's global folder.",
      ),
    packages: z
      .record(z.string().min(1).max(214), overrides)
      .default({})
      .describe("What is different from what a package declares, by its name."),
  },
);

/** Installed npm packages that say in their manifest that they are MCP servers: the entry points of this ecosystem. */
export const npmSource = {
  kind: "npm",
  optionsSchema,
  create: (options) => new NpmSource(options),
  preflight: async ({ folders }) => {
    for (const folder of folders) await packageNames(resolve(folder));
  },
} satisfies SourceKind<"npm", typeof optionsSchema>;

class NpmSource implements DiscoverySource {
  readonly #folders: readonly string[];
  readonly #overrides: ReadonlyMap<string, PackageOverrides>;

  constructor({ folders, packages }: z.output<typeof optionsSchema>) {
    this.#folders = folders.map((folder) => resolve(folder));
    this.#overrides = new Map(Object.entries(packages));
  }

  async discover(signal: AbortSignal): Promise<readonly DiscoveredServer[]> {
    const servers: DiscoveredServer[] = [];
    for (const folder of this.#folders) {
      for (const found of await installedPackages(folder, signal)) {
        const server = await announcePackage(found, this.#overrides.get(found.name));
        if (server !== undefined) servers.push(server);
      }
    }
    return servers;
  }

  async close(): Promise<void> {
    // It holds nothing between cycles.
  }
}
