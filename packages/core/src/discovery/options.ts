import { z } from "zod";
import { sourceOptions } from "./sources/index.ts";

/** Names of sources become labels. They begin with a letter, because plain objects put numbers first. */
const sourceName = z
  .string()
  .regex(
    /^[a-z](?:[a-z0-9_-]{0,61}[a-z0-9])?$/,
    "1–63 characters of a–z, 0–9, - and _; begins with a letter, ends with a letter or digit",
  );

/** The section `discovery` of the configuration. */
export const discoveryOptions = z.strictObject({
  max_servers: z.int().min(0).max(10_000).default(500).describe("Servers that all sources together may register."),
  max_definition_characters: z
    .int()
    .min(100)
    .max(10_000_000)
    .default(65_536)
    .describe("Largest definition of a server, written as JSON."),
  decisions_file: z
    .string()
    .min(1)
    .max(4_096)
    .optional()
    .describe("Keeps approvals and rejections (mode 0600). Without it they are forgotten when the gateway ends."),
  sources: z
    .record(sourceName, sourceOptions)
    .default({})
    .describe(
      "Where servers are looked for, by name. Where two announce the same server, the one that comes first wins.",
    ),
});
export type DiscoveryOptions = z.output<typeof discoveryOptions>;
