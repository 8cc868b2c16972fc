import { type RegisteredName, registeredName } from "@mcp-hangar/telemetry";
import type { Clock } from "../platform/platform.ts";
import type { JsonObject } from "../protocol/json-rpc.ts";
import type { UpstreamSession } from "../transports/session.ts";
import { definitionBytes, measureDefinitions } from "./definition-bytes.ts";
import { type DefinitionChanges, definitionChanges } from "./definition-changes.ts";
import { fetchList, type ListFailure } from "./fetch-list.ts";
import { type ListFaults, NO_FAULTS, SaidFaults } from "./list-faults.ts";
import { LIST_KINDS, LISTS, type ListItems, type ListKind } from "./lists.ts";
import { sameItems } from "./same-items.ts";
import { everyTool } from "./tool-policy.ts";

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

/** Names that a policy judges between two turns of the event loop: each takes it some 50 µs at most. */
const TURN_NAMES = 500;
/** Tools that are taken over from another catalog, under a policy that has not judged them yet: more are listed anew. */
const INHERITED_TOOLS_MAX = 2_000;

/**
 * What one server offers, as last listed. It outlives sessions, so that lists are answered at once while a server is
 * cold, and it is the registry that admits tool names: nothing a caller types becomes a label.
 */
export class ServerCatalog {
  readonly #visible: (tool: string) => boolean;
  readonly #clock: Pick<Clock, "defer">;
  readonly #listener: CatalogListener | undefined;
  readonly #faults = new Map<ListKind, ListFaults>();
  readonly #said = new SaidFaults();
  readonly #lists = new Map<ListKind, ListItems>();
  readonly #stale = new Set<ListKind>(LIST_KINDS);
  #tools: ReadonlyMap<string, ListedTool> = new Map();
  /** With the tools that the policy hides; `undefined` when none were ever listed. */
  #listedTools: ListItems | undefined;
  #definitionBytes: number | undefined;

  /** `visible` decides which tools exist for callers. */
  constructor(visible: (tool: string) => boolean, clock: Pick<Clock, "defer">, listener?: CatalogListener) {
    this.#visible = visible;
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

  /** The tool's registered name; `undefined` when the server does not list it or the policy hides it. */
  tool(name: string): RegisteredName | undefined {
    return this.#tools.get(name)?.registered;
  }

  /** The tool as it is listed. */
  definition(name: string): JsonObject | undefined {
    return this.#tools.get(name)?.definition;
  }

  /** What was wrong with the items of a list as last fetched. Of tools that the policy hides nothing is told. */
  faults(list: ListKind): ListFaults {
    return this.#faults.get(list) ?? NO_FAULTS;
  }

  /** Whether the server has been listed and does not offer the tool. */
  lacks(tool: string): boolean {
    return !this.#tools.has(tool) && this.#lists.has("tools");
  }

  toolNames(): readonly RegisteredName[] {
    return Array.from(this.#tools.values(), ({ registered }) => registered);
  }

  /** Bytes of JSON of the definitions of all tools that callers see; `undefined` until they are listed. */
  definitionBytes(): number | undefined {
    return this.#definitionBytes;
  }

  /** Takes over what another catalog knows of the same server, under its own policy, until it is listed anew. */
  inherit(other: ServerCatalog): void {
    const tools = other.#listedTools ?? [];
    // The next listing is compared with it, even if it is too long to be judged now.
    this.#listedTools = other.#listedTools;
    for (const list of LIST_KINDS) {
      const items = other.#lists.get(list);
      if (items === undefined) continue;
      const unjudged = list === "tools" && this.#visible !== everyTool ? tools.length : 0;
      if (unjudged > INHERITED_TOOLS_MAX) continue;
      this.#lists.set(list, list === "tools" ? this.#visibleTools(tools) : items);
      this.#faults.set(list, this.#shownFaults(list, other.faults(list)));
    }
  }

  /** Marks the lists that a `list_changed` notification names; returns whether there were any. */
  invalidate(method: string): readonly ListKind[] {
    const changed = LIST_KINDS.filter((list) => LISTS[list].changed === method);
    for (const list of changed) this.#stale.add(list);
    return changed;
  }

  /** After a restart everything may be different. */
  invalidateAll(): void {
    for (const list of LIST_KINDS) this.#stale.add(list);
  }

  /**
   * Fetches a list and keeps it. Returns whether it differs from before, or why it could not be fetched, in which case the
   * old items stay.
   */
  async refresh(list: ListKind, session: UpstreamSession, signal: AbortSignal): Promise<boolean | ListFailure> {
    // Cleared before the fetch, so that a change announced meanwhile marks it stale again.
    this.#stale.delete(list);
    const fetched = await fetchList(list, { session, clock: this.#clock, signal });
    if (fetched.kind === "failed") {
      this.#stale.add(list);
      return fetched;
    }
    if (list === "tools") {
      await this.#judge(fetched.items);
      await measureDefinitions(fetched.items, this.#clock);
    }
    const formerTools = this.#listedTools;
    const items = list === "tools" ? this.#visibleTools(fetched.items) : fetched.items;
    const changed = !(await sameItems(this.#lists.get(list), items, this.#clock));
    this.#lists.set(list, items);
    const faults = this.#shownFaults(list, fetched.faults);
    this.#faults.set(list, faults);
    const fresh = this.#said.fresh(list, faults);
    if (fresh.mended + fresh.leftOut > 0) this.#listener?.onFaults(list, fresh);
    if (list === "tools" && changed && formerTools !== undefined) await this.#compare(formerTools, fetched.items);
    return changed;
  }

  /** Has the policy judge all names, which it remembers, in as many turns of the event loop as that takes. */
  async #judge(tools: ListItems): Promise<void> {
    for (const [index, { name }] of tools.entries()) {
      if (typeof name === "string") this.#visible(name);
      if (index % TURN_NAMES === TURN_NAMES - 1) await new Promise<void>((resolve) => this.#clock.defer(resolve));
    }
  }

  async #compare(before: ListItems, now: ListItems): Promise<void> {
    const changes = await definitionChanges(before, now, { clock: this.#clock, isShown: this.#visible });
    const { added, removed, changed } = changes.total;
    if (added + removed + changed > 0) this.#listener?.onRedefined(changes);
  }

  #shownFaults(list: ListKind, faults: ListFaults): ListFaults {
    if (list !== "tools" || faults.shown.every(({ name }) => name === undefined || this.#visible(name))) return faults;
    const hidden = faults.shown.filter(({ name }) => name !== undefined && !this.#visible(name));
    const count = (action: string): number => hidden.filter((fault) => fault.action === action).length;
    return {
      mended: faults.mended - count("mended"),
      leftOut: faults.leftOut - count("left_out"),
      shown: faults.shown.filter((fault) => !hidden.includes(fault)),
    };
  }

  #visibleTools(items: ListItems): ListItems {
    const names = new Map<string, ListedTool>();
    const visible: JsonObject[] = [];
    for (const item of items) {
      const name = item.name;
      if (typeof name !== "string" || !this.#visible(name)) continue;
      // This is the parser that admits tool names: the upstream lists it, under a name that is short and printable, and
      // the policy shows it.
      names.set(name, { registered: registeredName(name), definition: item });
      visible.push(item);
    }
    this.#tools = names;
    this.#listedTools = items;
    this.#definitionBytes = definitionBytes(visible);
    return visible;
  }
}
