import type { GatewaySnapshot, HangarEvent, HangarEventType } from "@mcp-hangar/telemetry";
import type { EventMetric } from "./event-metric.ts";
import { preInitialise } from "./pre-initialise.ts";

/** The events that announce and withdraw names. */
export const NAMING_EVENTS: readonly HangarEventType[] = [
  "server.registered",
  "server.tools_listed",
  "server.unregistered",
];

/**
 * The names the gateway has at this moment. Events keep them current and each scrape compares them with the snapshot;
 * series are pre-initialised for what arrives and removed with what goes.
 */
export class KnownNames {
  readonly #metrics: readonly EventMetric[];
  readonly #servers = new Map<string, Set<string>>();
  readonly #sources = new Set<string>();

  /** `metrics` may still be filled after construction. */
  constructor(metrics: readonly EventMetric[]) {
    this.#metrics = metrics;
  }

  isKnownServer(server: string): boolean {
    return this.#servers.has(server);
  }

  /** Follows one of {@link NAMING_EVENTS}; other events change nothing. */
  apply(event: HangarEvent): void {
    if (event.type === "server.registered") this.#learnServer(event.server, []);
    else if (event.type === "server.tools_listed" && this.#servers.has(event.server)) {
      this.#learnServer(event.server, event.tools);
    } else if (event.type === "server.unregistered") this.#forgetServer(event.server);
  }

  /** Makes up for events that were missed. */
  reconcile(snapshot: GatewaySnapshot): void {
    const present = new Set<string>(snapshot.servers.map(({ id }) => id));
    for (const server of this.#servers.keys()) if (!present.has(server)) this.#forgetServer(server);
    for (const { id, tools } of snapshot.servers) this.#learnServer(id, tools);
    this.#reconcileSources(snapshot.discovery.map(({ source }) => source));
  }

  #reconcileSources(present: readonly string[]): void {
    for (const source of this.#sources) if (!present.includes(source)) this.#forgetSource(source);
    const sources = present.filter((source) => !this.#sources.has(source));
    if (sources.length === 0) return;
    for (const source of sources) this.#sources.add(source);
    for (const metric of this.#metrics) {
      if ("source" in metric.definition.labels) preInitialise(metric, { servers: new Map(), sources });
    }
  }

  #learnServer(server: string, tools: readonly string[]): void {
    const known = this.#servers.get(server);
    const added = known === undefined ? tools : tools.filter((tool) => !known.has(tool));
    if (known !== undefined && added.length === 0) return;
    const all = known ?? new Set();
    for (const tool of added) all.add(tool);
    this.#servers.set(server, all);
    for (const metric of this.#metrics) {
      if ("mcp_server" in metric.definition.labels) {
        preInitialise(metric, { servers: new Map([[server, added]]), sources: [] });
      }
    }
  }

  #forgetServer(server: string): void {
    this.#servers.delete(server);
    this.#forget("mcp_server", server);
  }

  #forgetSource(source: string): void {
    this.#sources.delete(source);
    this.#forget("source", source);
  }

  #forget(label: "mcp_server" | "source", name: string): void {
    for (const { metric, labelSets } of this.#metrics) {
      for (const { labels } of labelSets.forget(label, name)) metric.remove(labels);
    }
  }
}
