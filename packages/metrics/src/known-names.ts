import type { GatewaySnapshot, HangarEvent, HangarEventType, ServerMode } from "@mcp-hangar/telemetry";
import type { EventMetric } from "./event-metric.ts";
import type { ToolPlace } from "./label-sets.ts";
import { type ImpossibleValues, preInitialise } from "./pre-initialise.ts";

/** The events that announce and withdraw names, and the one that shows that a tool is used. */
export const NAMING_EVENTS: readonly HangarEventType[] = [
  "server.registered",
  "server.tools_listed",
  "server.unregistered",
  "call.finished",
];

/** Tools that may have series of their own: a tool has some forty lines on every scrape. */
export interface ToolLimits {
  readonly perServer: number;
  readonly total: number;
}

interface KnownServer {
  /** Its tools when they were last listed; `undefined` before. */
  listed: ReadonlySet<string> | undefined;
  /** Those that were called and have series. */
  readonly called: Set<string>;
}

/**
 * The names the gateway has at this moment. Events keep them current and each scrape compares them with the snapshot;
 * series are pre-initialised for what arrives and removed with what goes. Those of a tool come with its first call.
 */
export class KnownNames {
  readonly #metrics: readonly EventMetric[];
  readonly #limits: ToolLimits;
  readonly #impossible: ImpossibleValues;
  readonly #servers = new Map<string, KnownServer>();
  readonly #sources = new Set<string>();
  #called = 0;

  /** `metrics` may still be filled after construction. */
  constructor(metrics: readonly EventMetric[], limits: ToolLimits, impossible: ImpossibleValues) {
    this.#metrics = metrics;
    this.#limits = limits;
    this.#impossible = impossible;
  }

  isKnownServer(server: string): boolean {
    return this.#servers.has(server);
  }

  /** What a call of a tool counts for, after {@link apply} has seen its event. */
  placeOfTool(server: string, tool: string): ToolPlace {
    const known = this.#servers.get(server);
    if (known === undefined || known.called.has(tool)) return "own";
    return known.listed?.has(tool) === false ? "gone" : "folded";
  }

  /** Follows one of {@link NAMING_EVENTS}; other events change nothing. */
  apply(event: HangarEvent): void {
    switch (event.type) {
      case "call.finished":
        if (event.server !== undefined && event.tool !== undefined) this.#onCall(event.server, event.tool);
        break;
      case "server.registered":
        this.#learnServer(event.server, event.mode);
        break;
      case "server.tools_listed":
        if (this.#servers.has(event.server)) this.#learnTools(event.server, event.tools);
        break;
      case "server.unregistered":
        this.#forgetServer(event.server);
        break;
      default:
    }
  }

  /** Makes up for events that were missed. */
  reconcile(snapshot: GatewaySnapshot): void {
    const present = new Set<string>(snapshot.servers.map(({ id }) => id));
    for (const server of this.#servers.keys()) if (!present.has(server)) this.#forgetServer(server);
    for (const { id, mode, tools } of snapshot.servers) {
      this.#learnServer(id, mode);
      // A server that has not listed its tools yet, and a group without a member in rotation, show none.
      if (tools.length > 0) this.#learnTools(id, tools);
    }
    this.#reconcileSources(snapshot.discovery.map(({ source }) => source));
  }

  #reconcileSources(present: readonly string[]): void {
    for (const source of this.#sources) if (!present.includes(source)) this.#forgetSource(source);
    const sources = present.filter((source) => !this.#sources.has(source));
    if (sources.length === 0) return;
    for (const source of sources) this.#sources.add(source);
    this.#preInitialise("source", { servers: new Map(), sources });
  }

  #onCall(server: string, tool: string): void {
    const known = this.#servers.get(server);
    if (known === undefined || known.called.has(tool) || known.listed?.has(tool) === false) return;
    if (known.called.size >= this.#limits.perServer || this.#called >= this.#limits.total) return;
    known.called.add(tool);
    this.#called += 1;
    this.#preInitialise("tool", { servers: new Map([[server, [tool]]]), sources: [] });
  }

  #learnServer(server: string, mode: ServerMode): void {
    if (this.#servers.has(server)) return;
    this.#servers.set(server, { listed: undefined, called: new Set() });
    for (const { definition, labelSets } of this.#metrics) {
      const { labels, foreseenOf } = definition;
      if ("mcp_server" in labels && (foreseenOf === undefined || foreseenOf.includes(mode)))
        labelSets.reserveServer(server);
    }
  }

  #learnTools(server: string, tools: readonly string[]): void {
    const known = this.#servers.get(server);
    if (known === undefined) return;
    known.listed = new Set(tools);
    for (const tool of known.called) {
      if (known.listed.has(tool)) continue;
      known.called.delete(tool);
      this.#called -= 1;
      for (const { metric, labelSets } of this.#metrics) {
        for (const { labels } of labelSets.forgetTool(server, tool)) metric.remove(labels);
      }
    }
  }

  #forgetServer(server: string): void {
    this.#called -= this.#servers.get(server)?.called.size ?? 0;
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

  #preInitialise(label: string, names: Parameters<typeof preInitialise>[1]): void {
    for (const metric of this.#metrics) {
      if (label in metric.definition.labels) preInitialise(metric, names, this.#impossible);
    }
  }
}
