import { z } from "zod";
import type { DiscoverySource } from "../source.ts";
import { type SourceKind, sourceSchema } from "../source-kind.ts";

const optionsSchema = sourceSchema(
  "filesystem",
  { modes: ["subprocess", "docker", "remote"], addresses: [] },
  {
    path: z.string().min(1).max(4_096).describe("Folder of server files (`.yaml`, `.yml`, `.json`); it is watched."),
    expand_variables: z
      .boolean()
      .default(true)
      .describe("Replaces variables, as in the configuration. Switch it off where others may write the files."),
  },
);

/** A watched folder of server files. */
export const filesystemSource = {
  kind: "filesystem",
  optionsSchema,
  create(): DiscoverySource {
    throw new Error("The filesystem source is being built.");
  },
} satisfies SourceKind<"filesystem", typeof optionsSchema>;
