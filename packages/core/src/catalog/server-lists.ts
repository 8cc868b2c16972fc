import type { ListLabel, RegisteredName, TelemetryBus } from "@mcp-hangar/telemetry";
import { type Failure, failure } from "../errors.ts";
import { listMaxAgeMs, type ServerOptions } from "../options.ts";
import type { CancelSignal } from "../platform/cancellation.ts";
import type { Clock } from "../platform/platform.ts";
import type { UpstreamSession } from "../transports/session.ts";
import { ListRefresher } from "./list-refresher.ts";
import type { ListItems, ListKind } from "./lists.ts";
import { OfferFilter } from "./offer-filter.ts";
import { ServerCatalog } from "./server-catalog.ts";

const LABELS = {
  tools: "tools",
  prompts: "prompts",
  resources: "resources",
  resourceTemplates: "resource_templates",
} as const satisfies Record<ListKind, ListLabel>;

/** What the lists of a server need of it. */
export interface ServerListsContext {
  readonly id: RegisteredName;
  readonly options: ServerOptions;
  readonly clock: Clock;
  readonly bus: TelemetryBus;
  readonly session: () => UpstreamSession | undefined;
  readonly ensureReady: (signal: CancelSignal) => Promise<UpstreamSession | Failure>;
  /** A list has other items than before, of these names or URIs as far as known. */
  readonly onChanged: (list: ListKind, changed: ReadonlySet<string> | undefined) => void;
}

/** What a server offers: fetched when it is stale, and told when it has changed. */
export class ServerLists {
  readonly catalog: ServerCatalog;
  readonly #context: ServerListsContext;
  readonly #refresher: ListRefresher;

  constructor(context: ServerListsContext) {
    const { id, options, clock, bus } = context;
    this.#context = context;
    const stamp = (): { timeMs: number; server: RegisteredName } => ({ timeMs: clock.wallMs(), server: id });
    this.catalog = new ServerCatalog(new OfferFilter(options), clock, {
      onFaults: (list, faults) => {
        bus.emit({ type: "server.list_faulty", ...stamp(), list: LABELS[list], ...faults });
      },
      onRedefined: (changes) => bus.emit({ type: "server.tools_changed", ...stamp(), ...changes }),
    });
    this.#refresher = new ListRefresher({
      catalog: this.catalog,
      clock,
      timeoutMs: options.call_timeout_s * 1_000,
      maxAgeMs: listMaxAgeMs(options),
      session: context.session,
      onChanged: (list) => this.#onChanged(list),
    });
  }

  /** Fetches a list if it is stale, at most one fetch at a time. */
  async refresh(list: ListKind, signal: CancelSignal): Promise<ListItems | Failure> {
    const session = await this.#context.ensureReady(signal);
    if ("kind" in session) return session;
    if (this.catalog.isStale(list)) {
      const problem = await this.#refresher.refresh(list, session);
      if (typeof problem !== "boolean") {
        const what = `server "${this.#context.id}"`;
        const refused = failure(problem.errorType, `${what} does not list its ${list}`);
        // What a server says to a question of the gateway is not for whoever made the gateway ask.
        return { ...refused, diagnosis: `${what}: ${problem.message}` };
      }
    }
    return this.catalog.known(list) ?? [];
  }

  /** Fetches a stale list without anybody waiting; a difference is announced. */
  inBackground(list: ListKind): void {
    this.#refresher.inBackground(list);
  }

  /** Somebody asked for a tool that is not listed: the list may be out of date. */
  missed(): void {
    this.#refresher.missed();
  }

  /** Takes a notification of the server; false when it is not about a list. */
  announced(method: string): boolean {
    return this.#refresher.announced(method);
  }

  /** The server has started and listed its tools. */
  started(toolsChanged: boolean): void {
    this.#refresher.fetched("tools");
    if (toolsChanged) this.#onChanged("tools");
  }

  #onChanged(list: ListKind): void {
    const { id, clock, bus, onChanged } = this.#context;
    if (list === "tools") {
      bus.emit({ type: "server.tools_listed", timeMs: clock.wallMs(), server: id, tools: this.catalog.toolNames() });
    }
    onChanged(list, this.catalog.changed(list));
  }
}
