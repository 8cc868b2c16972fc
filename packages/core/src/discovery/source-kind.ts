import { z } from "zod";
import { addressRange } from "../address-range.ts";
import type { Platform } from "../platform/platform.ts";
import type { DiscoverySource, SourceContext } from "./source.ts";

/** Modes a discovered server may have. Groups are for the configuration: they are about other servers. */
const ANNOUNCED_MODES = ["subprocess", "docker", "remote"] as const;

/** What a source of some kind may do unless its configuration says otherwise. */
export interface SourceDefaults {
  /** Modes of the servers it may announce: those in which a label cannot become an arbitrary command. */
  readonly modes: readonly (typeof ANNOUNCED_MODES)[number][];
  /** Special addresses that its remote servers may have nevertheless. */
  readonly addresses: readonly string[];
}

/** The keys that are the same for every kind of source. */
const sharedOptions = {
  mode: z
    .enum(["additive", "authoritative"])
    .default("additive")
    .describe("`authoritative` removes servers that are no longer announced, `additive` keeps them."),
  approve: z
    .enum(["auto", "manual"])
    .default("auto")
    .describe("With `manual`, somebody has to approve each server, and each change of one, before it is called."),
  probe: z.boolean().default(true).describe("Starts each server once before it is called; it is kept out if it fails."),
  interval_s: z.number().min(0.1).max(86_400).default(30).describe("Time between two cycles."),
  timeout_s: z.number().min(0.1).max(3_600).default(10).describe("Time a cycle may take."),
  ttl_s: z
    .number()
    .min(0)
    .max(86_400)
    .default(90)
    .describe("Time that a server may be missing before an authoritative source removes it."),
  allow_empty: z
    .boolean()
    .default(false)
    .describe("Takes it for true when an authoritative source that announced several servers announces none."),
  max_servers: z.int().min(1).max(10_000).default(100).describe("Servers it may announce; further ones are ignored."),
} as const;

/** The keys that every source has, and the kind of source has a say in. */
function commonOptions({ modes, addresses }: SourceDefaults) {
  return {
    server_modes: z
      .array(z.enum(ANNOUNCED_MODES))
      .max(ANNOUNCED_MODES.length)
      .default([...modes])
      .describe("Modes of the servers it may announce. `subprocess` lets it run any command."),
    allow_addresses: z
      .array(addressRange)
      .max(1_000)
      .default([...addresses])
      .describe(
        "Special addresses that its remote servers may have, such as `10.1.0.0/16`; loopback, for one, is refused.",
      ),
    ...sharedOptions,
  } as const;
}

/** The schema of one kind of source: its own keys and those that all have. */
export function sourceSchema<const Kind extends string, const Shape extends z.core.$ZodLooseShape>(
  kind: Kind,
  defaults: SourceDefaults,
  shape: Shape,
) {
  return z.strictObject({
    type: z.literal(kind).describe("Kind of the source."),
    ...shape,
    ...commonOptions(defaults),
  });
}

/** The keys that every source has, parsed. */
export type CommonSourceOptions = z.output<z.ZodObject<ReturnType<typeof commonOptions>>>;

/** A kind of source: what can be configured about it, and how it is made. Listed in `sources/index.ts`. */
export interface SourceKind<Kind extends string, Schema extends z.ZodType> {
  /** The `type` in the configuration. */
  readonly kind: Kind;
  readonly optionsSchema: Schema;
  /** Makes a source; it asks nothing before its first cycle. */
  create(options: z.output<Schema>, context: SourceContext): DiscoverySource;
  /** Rejects with what keeps a source from working on this machine, such as a folder that is missing. Asks nothing of others. */
  preflight(options: z.output<Schema>, platform: Pick<Platform, "env">): Promise<void>;
}
