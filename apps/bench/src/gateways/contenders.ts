import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Dialect } from "../load/mcp-session.ts";
import type { PeerName } from "../peers/pins.ts";
import { type Launched, launch, workFolder } from "../processes/launch.ts";

/** Names of what a comparison may hold, in the order of the report. */
export const contenderNames = ["direct", "hangar", "sdk", "bare"] as const;

/** One of {@link contenderNames}, a relay written by hand, a gateway from npm, or another build of this one. */
export type ContenderName = (typeof contenderNames)[number] | "relay" | PeerName | "before";

/** Where a gateway's calls go: an HTTP endpoint, or a program that speaks MCP on its pipes. */
export type Upstream =
  | { readonly kind: "http"; readonly endpoint: string }
  | { readonly kind: "stdio"; readonly args: readonly string[] };

/** Something that answers MCP calls over HTTP and takes part in a comparison. */
export interface Contender {
  /** A {@link ContenderName}, or what a scenario calls it. */
  readonly name: string;
  readonly process: Launched;
  /** What stands before the upstream's tool names. */
  readonly prefix: string;
  /** How it wants to be spoken to, if not in the era of the load generator. */
  readonly dialect?: Dialect;
  /** It takes connections before it can answer: the first call is repeated until it is answered rightly. */
  readonly listensUnready?: boolean;
}

/** Prefix of every gateway: the id of the one upstream, and two underscores. */
const gatewayPrefix = "lean__";

/** Configuration files that were written so far. */
let configurations = 0;

/** Starts the SDK gateway or a relay in front of an upstream; `relay` is one of HTTP only. */
export async function startReference(name: "sdk" | "bare" | "relay", upstream: Upstream): Promise<Contender> {
  const target = upstream.kind === "http" ? [upstream.endpoint] : upstream.args;
  const programs = {
    sdk: [program("sdk.ts"), upstream.kind],
    bare: [program(`bare-${upstream.kind}.ts`)],
    relay: [program("json-relay.ts")],
  };
  const args = [...programs[name], ...target];
  return { name, process: await launch({ name, args }), prefix: gatewayPrefix };
}

/** How MCP Hangar is started. */
export interface HangarWish {
  /** Run the TypeScript sources instead of the build: always fresh, but slower to start and larger in memory. */
  readonly fromSources: boolean;
  /** Further arguments of `node`, before the program. */
  readonly nodeArgs?: readonly string[];
  /** The entry point of another build, instead of the one of this checkout. */
  readonly main?: string;
  /** Section `observability` of its configuration. */
  readonly observability?: object;
  /** Section `compliance` of its configuration. */
  readonly compliance?: object;
}

/** Starts MCP Hangar in front of one upstream called `lean`. */
export async function startHangar(upstream: Upstream, wish: HangarWish): Promise<Contender> {
  const name = wish.main === undefined ? "hangar" : "before";
  return { name, process: await launchHangar({ lean: upstream }, wish), prefix: gatewayPrefix };
}

/**
 * Starts MCP Hangar with these upstreams, metrics and JSON logs on, as an operator would run it.
 * @throws Error when it is not built.
 */
export function launchHangar(upstreams: Readonly<Record<string, Upstream>>, wish: HangarWish): Promise<Launched> {
  const main = wish.main ?? (wish.fromSources ? sources() : program("../../../server/dist/main.js"));
  if (!existsSync(main)) throw new Error(`${main} does not exist; run \`pnpm build\` first`);
  // A file of its own: the gateway follows changes of it.
  const config = join(workFolder(), `config-${configurations++}.json`);
  // JSON is YAML, so no YAML library is needed to write the configuration.
  writeFileSync(config, JSON.stringify(configuration(upstreams, wish), null, 2));
  return launch({
    name: "hangar",
    args: [
      ...(wish.nodeArgs ?? []),
      ...(wish.fromSources ? ["--conditions=@mcp-hangar/source"] : []),
      main,
      ..."serve --http --port 0 --config".split(" "),
      config,
    ],
  });
}

function configuration(
  upstreams: Readonly<Record<string, Upstream>>,
  { observability = {}, compliance }: HangarWish,
): object {
  const entries = Object.entries(upstreams).map(([id, upstream]) => [
    id,
    upstream.kind === "http"
      ? { mode: "remote", endpoint: upstream.endpoint, max_concurrency: 64 }
      : { mode: "subprocess", command: process.execPath, args: upstream.args, max_concurrency: 64 },
  ]);
  return {
    mcp_servers: Object.fromEntries(entries),
    execution: { max_concurrency: 100, default_mcp_server_concurrency: 100 },
    logging: { level: "info", json_format: true },
    observability,
    // Older builds, with which this one is compared, do not know the key.
    ...(compliance !== undefined && { compliance }),
  };
}

/** The gateway as the sources are: what the setup of the tests has bundled of them (`scripts/testing/fresh-bundle.ts`), or they themselves. */
function sources(): string {
  return process.env.HANGAR_BUNDLE ?? program("../../../server/src/main.ts");
}

function program(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
