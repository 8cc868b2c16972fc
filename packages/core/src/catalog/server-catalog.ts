import { type RegisteredName, registeredName } from "@mcp-hangar/telemetry";
import type { JsonObject } from "../protocol/json-rpc.ts";
import type { UpstreamSession } from "../transports/session.ts";
import { fetchList } from "./fetch-list.ts";
import { LIST_KINDS, LISTS, type ListItems, type ListKind } from "./lists.ts";

/**
 * What one server offers, as last listed. It outlives sessions, so that lists are answered at once while a server is
 * cold, and it is the registry that admits tool names: nothing a caller types becomes a label.
 */
export class ServerCatalog {
  readonly #visible: (tool: string) => boolean;
  readonly #lists = new Map<ListKind, ListItems>();
  readonly #stale = new Set<ListKind>(LIST_KINDS);
  #tools: ReadonlyMap<string, RegisteredName> = new Map();
  /** With the tools that the policy hides. */
  #listedTools: ListItems = [];

  /** `visible` decides which tools exist for callers. */
  constructor(visible: (tool: string) => boolean) {
    this.#visible = visible;
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
    return this.#tools.get(name);
  }

  /** Whether the server has been listed and does not offer the tool. */
  lacks(tool: string): boolean {
    return !this.#tools.has(tool) && this.#lists.has("tools");
  }

  toolNames(): readonly RegisteredName[] {
    return [...this.#tools.values()];
  }

  /** Takes over what another catalog knows of the same server, under its own policy, until it is listed anew. */
  inherit(other: ServerCatalog): void {
    for (const list of LIST_KINDS) {
      const items = other.#lists.get(list);
      if (items !== undefined) this.#lists.set(list, list === "tools" ? this.#visibleTools(other.#listedTools) : items);
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
   * Fetches a list and keeps it. Returns whether it differs from before, or a message why it could not be fetched, in
   * which case the old items stay.
   */
  async refresh(list: ListKind, session: UpstreamSession, signal: AbortSignal): Promise<boolean | string> {
    // Cleared before the fetch, so that a change announced meanwhile marks it stale again.
    this.#stale.delete(list);
    const fetched = await fetchList(session, list, signal);
    if (fetched.kind === "failed") {
      this.#stale.add(list);
      return fetched.message;
    }
    const items = list === "tools" ? this.#visibleTools(fetched.items) : fetched.items;
    const changed = JSON.stringify(this.#lists.get(list)) !== JSON.stringify(items);
    this.#lists.set(list, items);
    return changed;
  }

  #visibleTools(items: ListItems): ListItems {
    const names = new Map<string, RegisteredName>();
    const visible: JsonObject[] = [];
    for (const item of items) {
      const name = item.name;
      if (typeof name !== "string" || name === "" || names.has(name) || !this.#visible(name)) continue;
      // This is the parser that admits tool names: the upstream lists it and the policy shows it. Capped, because an
      // upstream is not trusted with the size of our labels.
      names.set(name, registeredName(name.slice(0, 200)));
      visible.push(item);
    }
    this.#tools = names;
    this.#listedTools = items;
    return visible;
  }
}
