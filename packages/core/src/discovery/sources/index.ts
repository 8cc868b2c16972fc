import { z } from "zod";
import type { Platform } from "../../platform/platform.ts";
import type { DiscoverySource, SourceContext } from "../source.ts";
import type { SourceKind } from "../source-kind.ts";
import { dockerSource } from "./docker.ts";
import { filesystemSource } from "./filesystem.ts";
import { kubernetesSource } from "./kubernetes.ts";
import { npmSource } from "./npm.ts";

/** Every kind of source there is. A new kind is a file in this folder and an entry here; the configuration follows. */
const SOURCE_KINDS = [filesystemSource, npmSource, dockerSource, kubernetesSource] as const;

type SchemasOf<Kinds extends readonly { readonly optionsSchema: z.ZodObject }[]> = {
  readonly [Index in keyof Kinds]: Kinds[Index]["optionsSchema"];
};

/** One entry of `discovery.sources`: the kinds of `SOURCE_KINDS`, told apart by `type`. */
export const sourceOptions = z.discriminatedUnion(
  "type",
  // Mapping keeps length and order, which the type of `map` does not say.
  SOURCE_KINDS.map(({ optionsSchema }) => optionsSchema) as unknown as SchemasOf<typeof SOURCE_KINDS>,
);
export type SourceOptions = z.output<typeof sourceOptions>;

/** Makes the source that the options describe. */
export function createSource(options: SourceOptions, context: SourceContext): DiscoverySource {
  return kindOf(options).create(options, context);
}

/** Rejects with what keeps the source that the options describe from working on this machine. */
export function preflightSource(options: SourceOptions, platform: Pick<Platform, "env">): Promise<void> {
  return kindOf(options).preflight(options, platform);
}

function kindOf(options: SourceOptions): SourceKind<string, z.ZodType<SourceOptions>> {
  const found = SOURCE_KINDS.find(({ kind }) => kind === options.type);
  // `type` is the literal of the kind whose schema has parsed the options, so they fit each other.
  return found as unknown as SourceKind<string, z.ZodType<SourceOptions>>;
}
