import { z } from "zod";
import type { Platform } from "../../platform/platform.ts";
import type { DiscoveredServer, DiscoverySource } from "../source.ts";
import { type SourceKind, sourceSchema } from "../source-kind.ts";
import { watchEvents } from "./event-watch.ts";
import { type ClusterAccess, loadAccess } from "./kubernetes-access.ts";
import { type Collection, KubernetesError, list, watch } from "./kubernetes-api.ts";
import { relevantChanges } from "./kubernetes-changes.ts";
import { announcePod, announceService } from "./kubernetes-object.ts";
import { PRIVATE_RANGES } from "./private-ranges.ts";

const UNAUTHORIZED = 401;

/** A name as Kubernetes has them for namespaces. */
const label = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "must be the name of a namespace");

const optionsSchema = sourceSchema(
  "kubernetes",
  { modes: ["remote"], addresses: PRIVATE_RANGES },
  {
    kubeconfig: z
      .string()
      .min(1)
      .max(4_096)
      .optional()
      .describe("Path of a kubeconfig; without it the gateway runs in the cluster."),
    context: z.string().min(1).max(253).optional().describe("Context of the kubeconfig, when not its current one."),
    namespaces: z
      .array(label)
      .max(100)
      .default([])
      .describe("Namespaces to look in; all if empty, which needs a ClusterRole."),
    resources: z
      .array(z.enum(["services", "pods"]))
      .min(1)
      .max(2)
      .default(["services"])
      .describe("What may be annotated. A service is reached by its name, a pod by its address."),
    label_selector: z
      .string()
      .min(1)
      .max(1_024)
      .optional()
      .describe("Only objects with these labels, such as `app=mcp`."),
    cluster_domain: z
      .string()
      .max(253)
      .regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, "must be a domain")
      .optional()
      .describe("Appended to the names of services, such as `cluster.local`, where no search path does it."),
  },
);
type KubernetesSourceOptions = z.output<typeof optionsSchema>;

/** Services and pods that an annotation marks as MCP servers. */
export const kubernetesSource = {
  kind: "kubernetes",
  optionsSchema,
  create: (options, { platform }): DiscoverySource => new KubernetesSource(options, platform),
  preflight: async ({ kubeconfig, context }, { env }) => void (await loadAccess({ kubeconfig, context }, env)),
} satisfies SourceKind<"kubernetes", typeof optionsSchema>;

class KubernetesSource implements DiscoverySource {
  readonly #options: KubernetesSourceOptions;
  readonly #platform: Platform;
  readonly #collections: readonly Collection[];
  #access: Promise<ClusterAccess> | undefined;

  constructor(options: KubernetesSourceOptions, platform: Platform) {
    this.#options = options;
    this.#platform = platform;
    const namespaces = options.namespaces.length === 0 ? [undefined] : [...new Set(options.namespaces)];
    this.#collections = [...new Set(options.resources)].flatMap((resource) =>
      namespaces.map((namespace) => ({ resource, namespace, labelSelector: options.label_selector })),
    );
  }

  async discover(signal: AbortSignal): Promise<readonly DiscoveredServer[]> {
    const found: DiscoveredServer[] = [];
    // One after the other: the API server is everybody's.
    for (const collection of this.#collections) {
      const { items } = await this.#asking((access) => list(access, collection, signal));
      found.push(...items.flatMap((item) => this.#announce(collection, item) ?? []));
    }
    return found;
  }

  watch(onChange: () => void): () => void {
    const stops = this.#collections.map((collection) =>
      watchEvents({
        platform: this.#platform,
        onChange,
        follow: (onEvent, signal) => this.#asking((access) => follow(access, collection, { onEvent, signal })),
      }),
    );
    return () => {
      for (const stop of stops) stop();
    };
  }

  async close(): Promise<void> {
    // Connections end with the question they are for.
    this.#access = undefined;
  }

  #announce({ resource }: Collection, item: unknown): DiscoveredServer | undefined {
    return resource === "services" ? announceService(item, this.#options.cluster_domain) : announcePod(item);
  }

  /** Credentials are kept, because some are dear to get, until the cluster refuses them. */
  async #asking<Result>(ask: (access: ClusterAccess) => Promise<Result>): Promise<Result> {
    const { kubeconfig, context } = this.#options;
    this.#access ??= loadAccess({ kubeconfig, context }, this.#platform.env);
    const access = this.#access;
    try {
      return await ask(await access);
    } catch (error) {
      const isStale = !(error instanceof KubernetesError) || error.status === UNAUTHORIZED;
      if (isStale && this.#access === access) this.#access = undefined;
      throw error;
    }
  }
}

interface Follower {
  readonly onEvent: () => void;
  readonly signal: AbortSignal;
}

/** Lists, and then watches from there on. */
async function follow(access: ClusterAccess, collection: Collection, { onEvent, signal }: Follower): Promise<void> {
  const { items, resourceVersion } = await list(access, collection, signal);
  const matters = relevantChanges(items);
  onEvent();
  await watch(access, collection, {
    resourceVersion,
    signal,
    onChange: (change) => {
      if (matters(change)) onEvent();
    },
  });
}
