import { type RegisteredName, registeredName } from "@mcp-hangar/telemetry";
import type { CancelSignal } from "../platform/cancellation.ts";
import type { Clock } from "../platform/platform.ts";
import type { JsonObject } from "../protocol/json-rpc.ts";
import type { UpstreamSession } from "../transports/session.ts";
import { definitionBytes, measureDefinitions } from "./definition-bytes.ts";
import { type DefinitionChanges, definitionChanges } from "./definition-changes.ts";
import { fetchList, type ListFailure } from "./fetch-list.ts";
import { changedNames, sameItems } from "./list-difference.ts";
import { type ListFault, type ListFaults, NO_FAULTS, SaidFaults } from "./list-faults.ts";
import { LIST_KINDS, LISTS, type ListItems, type ListKind } from "./lists.ts";
import type { OfferFilter } from "./offer-filter.ts";

/** Hears of what is remarkable about lists. */
export interface CatalogListener {
  /** Items of a list are not right, and were not told of before. */
  onFaults(list: ListKind, faults: ListFaults): void;
  /** Tools that callers are offered are defined otherwise than in the listing before. */
  onRedefined(changes: DefinitionChanges): void;
}

interface ListedTool {
  readonly registered: RegisteredName;
  readonly definition: JsonObject;
}

/** Items that rules judge between two turns of the event loop: on a slow machine a name takes them 0.2 ms at most, a URI 1.2 ms. */
const TURN_ITEMS = 25;
/** Items that are taken over from another catalog, under rules that have not judged them yet: more are listed anew. */
const INHERITED_MAX: Readonly<Record<ListKind, number>> = {
  tools: 2_000,
  prompts: 2_000,
  resources: 50,
  resourceTemplates: 50,
};

/**
 * What one server offers, as last listed. It outlives sessions, so that lists are answered at once while a server is
 * cold, and it is the registry that admits tool names: nothing a caller types becomes a label.
 */
export class ServerCatalog {
  readonly #filter: OfferFilter;
  readonly #clock: Pick<Clock, "defer">;
  readonly #listener: CatalogListener | undefined;
  readonly #faults = new Map<ListKind, ListFaults>();
  readonly #said = new SaidFaults();
  readonly #lists = new Map<ListKind, ListItems>();
  readonly #stale = new Set<ListKind>(LIST_KINDS);
  readonly #ttlMs = new Map<ListKind, number>();
  #tools: ReadonlyMap<string, ListedTool> = new Map();
  readonly #changed = new Map<ListKind, ReadonlySet<string> | undefined>();
  /** With the items that the rules hide. */
  readonly #listed = new Map<ListKind, ListItems>();
  #definitionBytes: number | undefined;

  /** `filter` decides what exists for callers. */
  constructor(filter: OfferFilter, clock: Pick<Clock, "defer">, listener?: CatalogListener) {
    this.#filter = filter;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Last known items; `undefined` when the list was never fetched. */
  known(list: ListKind): ListItems | undefined {
    return this.#lists.get(list);
  }

  isStale(list: ListKind): boolean {
    return this.#stale.has(list);
  }

  /** The tool's registered name; `undefined` when the server does not list it or the rules hide it. */
  tool(name: string): RegisteredName | undefined {
    return this.#tools.get(name)?.registered;
  }

  /** The tool as it is listed. */
  definition(name: string): JsonObject | undefined {
    return this.#tools.get(name)?.definition;
  }

  /** What was wrong with the items of a list as last fetched. Of items that the rules hide nothing is told. */
  faults(list: ListKind): ListFaults {
    return this.#faults.get(list) ?? NO_FAULTS;
  }

  /**
   * Names or URIs of the items that were different when a list was last fetched, of those that the rules show; `undefined`
   * when they are too many to be named, or the list was not fetched twice.
   */
  changed(list: ListKind): ReadonlySet<string> | undefined {
    return this.#changed.get(list);
  }

  /** Whether the server has been listed and does not offer the tool. */
  lacks(tool: string): boolean {
    return !this.#tools.has(tool) && this.#lists.has("tools");
  }

  /** Whether the rules hide something of the server, listed or not: by its name, URI or template alone. */
  hides(list: ListKind, name: string): boolean {
    return !this.#filter.shows(list, name);
  }

  toolNames(): readonly RegisteredName[] {
    return Array.from(this.#tools.values(), ({ registered }) => registered);
  }

  /** Bytes of JSON of the definitions of all tools that callers see; `undefined` until they are listed. */
  definitionBytes(): number | undefined {
    return this.#definitionBytes;
  }

  /** Takes over what another catalog knows of the same server, under its own rules, until it is listed anew. */
  inherit(other: ServerCatalog): void {
    for (const list of LIST_KINDS) {
      const items = other.#listed.get(list);
      if (items === undefined) continue;
      // The next listing is compared with it, even if it is too long to be judged now.
      this.#listed.set(list, items);
      if (this.#filter.limits(list) && items.length > INHERITED_MAX[list]) continue;
      this.#lists.set(list, this.#take(list, items));
      this.#faults.set(list, this.#shownFaults(list, other.faults(list)));
    }
  }

  /** Marks the lists that a `list_changed` notification names; returns whether there were any. */
  invalidate(method: string): readonly ListKind[] {
    const changed = LIST_KINDS.filter((list) => LISTS[list].changed === method);
    for (const list of changed) this.#stale.add(list);
    return changed;
  }

  /** A list may be out of date. */
  invalidateList(list: ListKind): void {
    this.#stale.add(list);
  }

  /** How long the server said that a list may be kept, in milliseconds; `undefined` when it did not. */
  ttlMs(list: ListKind): number | undefined {
    return this.#ttlMs.get(list);
  }

  /** After a restart everything may be different. */
  invalidateAll(): void {
    for (const list of LIST_KINDS) this.#stale.add(list);
  }

  /**
   * Fetches a list and keeps it. Returns whether it differs from before, or why it could not be fetched, in which case the
   * old items stay.
   */
  async refresh(list: ListKind, session: UpstreamSession, signal: CancelSignal): Promise<boolean | ListFailure> {
    // Cleared before the fetch, so that a change announced meanwhile marks it stale again.
    this.#stale.delete(list);
    const fetched = await fetchList(list, { session, clock: this.#clock, signal });
    if (fetched.kind === "failed") {
      this.#stale.add(list);
      return fetched;
    }
    if (fetched.ttlMs === undefined) this.#ttlMs.delete(list);
    else this.#ttlMs.set(list, fetched.ttlMs);
    await this.#judge(list, fetched.items);
    if (list === "tools") await measureDefinitions(fetched.items, this.#clock);
    const formerTools = this.#listed.get("tools");
    const before = this.#lists.get(list);
    const items = this.#take(list, fetched.items);
    const changed = !(await sameItems(before, items, this.#clock));
    const names = changed && before !== undefined && (await changedNames(list, [before, items], this.#clock));
    this.#changed.set(list, names || undefined);
    this.#lists.set(list, items);
    const faults = this.#shownFaults(list, fetched.faults);
    this.#faults.set(list, faults);
    const fresh = this.#said.fresh(list, faults);
    if (fresh.mended + fresh.leftOut > 0) this.#listener?.onFaults(list, fresh);
    if (list === "tools" && changed && formerTools !== undefined) await this.#compare(formerTools, fetched.items);
    return changed;
  }

  /** Has the rules judge all items, which they remember, in as many turns of the event loop as that takes. */
  async #judge(list: ListKind, items: ListItems): Promise<void> {
    if (!this.#filter.limits(list)) return;
    for (const [index, item] of items.entries()) {
      this.#shows(list, item);
      if (index % TURN_ITEMS === TURN_ITEMS - 1) await new Promise<void>((resolve) => this.#clock.defer(resolve));
    }
  }

  #shows(list: ListKind, item: JsonObject): boolean {
    const name = item[LISTS[list].identity];
    return typeof name === "string" && this.#filter.showsListed(list, name);
  }

  async #compare(before: ListItems, now: ListItems): Promise<void> {
    const isShown = (name: string): boolean => this.#filter.showsListed("tools", name);
    const changes = await definitionChanges(before, now, { clock: this.#clock, isShown });
    const { added, removed, changed } = changes.total;
    if (added + removed + changed > 0) this.#listener?.onRedefined(changes);
  }

  #shownFaults(list: ListKind, faults: ListFaults): ListFaults {
    const isHidden = ({ name }: ListFault): boolean => name !== undefined && !this.#filter.showsListed(list, name);
    const hidden = this.#filter.limits(list) ? faults.shown.filter(isHidden) : [];
    if (hidden.length === 0) return faults;
    const count = (action: string): number => hidden.filter((fault) => fault.action === action).length;
    return {
      mended: faults.mended - count("mended"),
      leftOut: faults.leftOut - count("left_out"),
      shown: faults.shown.filter((fault) => !hidden.includes(fault)),
    };
  }

  /** Takes over what the server lists; returns what of it the rules show. */
  #take(list: ListKind, items: ListItems): ListItems {
    this.#listed.set(list, items);
    const visible = this.#filter.limits(list) ? items.filter((item) => this.#shows(list, item)) : items;
    if (list === "tools") {
      this.#register(visible);
      this.#definitionBytes = definitionBytes(visible);
    }
    return visible;
  }

  #register(tools: ListItems): void {
    const names = new Map<string, ListedTool>();
    for (const item of tools) {
      const { name } = item;
      // This is the parser that admits tool names: the upstream lists it, under a name that is short and printable, and
      // the rules show it.
      if (typeof name === "string") names.set(name, { registered: registeredName(name), definition: item });
    }
    this.#tools = names;
  }
}
