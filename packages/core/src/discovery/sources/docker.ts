import { z } from "zod";
import { type OptionProblem, refuseWith } from "../../option-problem.ts";
import { type TlsOptions, tlsOptions } from "../../options.ts";
import type { Platform } from "../../platform/platform.ts";
import { tlsProblems } from "../../transports/http/remote-problems.ts";
import type { DiscoveredServer, DiscoverySource } from "../source.ts";
import { type SourceKind, sourceSchema } from "../source-kind.ts";
import { announceContainer, containerSummary, ENABLE_LABEL } from "./docker-container.ts";
import { DockerEngine } from "./docker-engine.ts";
import { watchEvents } from "./event-watch.ts";
import { PRIVATE_RANGES } from "./private-ranges.ts";

/** Containers in one list; an engine that has more is not what this is for. */
const CONTAINERS_MAX = 10_000;

/** What happens to a container that can change what it announces; Podman says `died` where Docker says `die`. */
const EVENTS = ["start", "die", "died", "pause", "unpause", "rename", "health_status"] as const;

/** Why no client of the engine could be made of the options. */
function engineProblems({
  host,
  tls,
}: {
  readonly host: string;
  readonly tls?: TlsOptions | undefined;
}): readonly OptionProblem[] {
  if (tls === undefined) return [];
  if (host.startsWith("unix:")) {
    return [{ path: ["tls"], message: `${host} is a socket of this machine: remove tls, or use tcp://` }];
  }
  return tlsProblems(tls).map(({ path, message }) => ({ path: ["tls", ...path], message }));
}

const optionsSchema = sourceSchema(
  "docker",
  { modes: ["remote"], addresses: PRIVATE_RANGES },
  {
    host: z
      .string()
      .max(1_024)
      .regex(/^(?:unix:\/\/\/[^?#]+|tcp:\/\/[^/?#@]+)$/, 'must be "unix:///path" or "tcp://host:port"')
      .refine((text) => URL.canParse(text), 'must be "unix:///path" or "tcp://host:port"')
      .default("unix:///var/run/docker.sock")
      .describe("Address of the engine: `unix:///path` or `tcp://host:port`. Podman's socket will do, too."),
    tls: tlsOptions.optional().describe("TLS towards an engine at a `tcp://` address."),
    network: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe("Network whose address is taken; else a container's first. A label of a container wins over it."),
  },
).superRefine(refuseWith(engineProblems));
type DockerSourceOptions = z.output<typeof optionsSchema>;

/** Running containers that a label marks as MCP servers. */
export const dockerSource = {
  kind: "docker",
  optionsSchema,
  create: (options, { platform }): DiscoverySource => new DockerSource(options, platform),
  preflight: async ({ host, tls }) => void (await DockerEngine.open({ host, tls })),
} satisfies SourceKind<"docker", typeof optionsSchema>;

class DockerSource implements DiscoverySource {
  readonly #options: DockerSourceOptions;
  readonly #platform: Platform;

  constructor(options: DockerSourceOptions, platform: Platform) {
    this.#options = options;
    this.#platform = platform;
  }

  async discover(signal: AbortSignal): Promise<readonly DiscoveredServer[]> {
    const engine = await this.#open();
    const filters = JSON.stringify({ label: [`${ENABLE_LABEL}=true`], status: ["running"] });
    const parsed = z.array(containerSummary).safeParse(await engine.getJson("/containers/json", { filters }, signal));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new Error(
        `${this.#options.host} gave no list of containers (${issue?.path.join(".")}: ${issue?.message}). Is it an engine?`,
      );
    }
    if (parsed.data.length > CONTAINERS_MAX) {
      throw new Error(`${parsed.data.length} containers are labelled, and no more than ${CONTAINERS_MAX} are taken`);
    }
    return parsed.data.flatMap((container) => announceContainer(container, this.#options.network) ?? []);
  }

  watch(onChange: () => void): () => void {
    const filters = JSON.stringify({ type: ["container"], event: EVENTS, label: [`${ENABLE_LABEL}=true`] });
    return watchEvents({
      platform: this.#platform,
      onChange,
      follow: async (onEvent, signal) => {
        const engine = await this.#open();
        await engine.follow("/events", { filters }, { signal, onOpen: onEvent, onData: onEvent });
      },
    });
  }

  async close(): Promise<void> {
    // A client holds nothing between two questions.
  }

  /** Certificates may have been renewed since the last time. */
  #open(): Promise<DockerEngine> {
    return DockerEngine.open({ host: this.#options.host, tls: this.#options.tls });
  }
}
