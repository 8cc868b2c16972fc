import type { RegisteredName } from "@mcp-hangar/telemetry";
import { definitionBytes } from "../catalog/definition-bytes.ts";
import { FAULTS_SHOWN_MAX, type ListFault, type ListFaults } from "../catalog/list-faults.ts";
import { LIST_KINDS, LISTS, type ListItems, type ListKind } from "../catalog/lists.ts";
import type { OfferFilter } from "../catalog/offer-filter.ts";
import type { ManagedServer } from "../lifecycle/managed-server.ts";
import type { JsonObject } from "../protocol/json-rpc.ts";

/** What a group offers: what its members were last known to offer, each thing once, without what its own rules hide. */
export class GroupCatalog {
  readonly #members: () => readonly ManagedServer[];
  readonly #inRotation: () => readonly ManagedServer[];
  readonly #filter: OfferFilter;
  /** The lists as they were last put together, and from what: they stay the same objects while nothing changes. */
  readonly #known = new Map<ListKind, { readonly from: readonly ListItems[]; readonly items: ListItems }>();

  constructor(
    members: () => readonly ManagedServer[],
    inRotation: () => readonly ManagedServer[],
    filter: OfferFilter,
  ) {
    this.#members = members;
    this.#inRotation = inRotation;
    this.#filter = filter;
  }

  /**
   * The union of the lists of the members in rotation; of all members while none of those was ever listed, because a
   * group whose members are away for a while has not lost its tools. Where members differ about a thing of one name, it
   * looks as the first of them in the configuration shows it. `undefined` when nobody was ever listed.
   */
  known(list: ListKind): ListItems | undefined {
    const inRotation = listsOf(list, this.#inRotation());
    const from = inRotation.length > 0 ? inRotation : listsOf(list, this.#members());
    if (from.length === 0) return undefined;
    const known = this.#known.get(list);
    if (known?.from.length === from.length && known.from.every((each, at) => each === from[at])) return known.items;
    const all = union(list, from);
    const items = this.#filter.limits(list) ? all.filter((item) => this.#shows(list, item)) : all;
    this.#known.set(list, { from, items });
    return items;
  }

  /** The registered name of a tool that some member offers, in rotation or not. */
  tool(name: string): RegisteredName | undefined {
    if (!this.#filter.shows("tools", name)) return undefined;
    for (const { catalog } of this.#members()) {
      const tool = catalog.tool(name);
      if (tool !== undefined) return tool;
    }
    return undefined;
  }

  /** The tool as the first member in the configuration lists it. */
  definition(name: string): JsonObject | undefined {
    if (!this.#filter.shows("tools", name)) return undefined;
    for (const { catalog } of this.#members()) {
      const definition = catalog.definition(name);
      if (definition !== undefined) return definition;
    }
    return undefined;
  }

  /** What was wrong with a list, of all members together. */
  faults(list: ListKind): ListFaults {
    const faults = this.#members().map(({ catalog }) => catalog.faults(list));
    const isShown = ({ name }: ListFault): boolean => name === undefined || this.#filter.showsListed(list, name);
    return {
      mended: faults.reduce((sum, { mended }) => sum + mended, 0),
      leftOut: faults.reduce((sum, { leftOut }) => sum + leftOut, 0),
      shown: faults.flatMap(({ shown }) => shown.filter(isShown)).slice(0, FAULTS_SHOWN_MAX),
    };
  }

  /** Whether the group's rules hide the tool, or it is known of every member that it does not offer it. */
  lacks(tool: string): boolean {
    if (!this.#filter.shows("tools", tool)) return true;
    const members = this.#members();
    return members.length > 0 && members.every(({ catalog }) => catalog.lacks(tool));
  }

  /** Whether the rules of the group hide something, or those of every member: by its name, URI or template alone. */
  hides(list: ListKind, name: string): boolean {
    if (!this.#filter.shows(list, name)) return true;
    const members = this.#members();
    return members.length > 0 && members.every(({ catalog }) => catalog.hides(list, name));
  }

  /** The names of everything that is listed: another text when something came or went. */
  fingerprint(): string {
    return JSON.stringify(LIST_KINDS.map((list) => this.known(list)?.map((item) => item[LISTS[list].identity])));
  }

  /** Bytes of JSON of the definitions of its tools; `undefined` until a member has listed some. */
  definitionBytes(): number | undefined {
    const tools = this.known("tools");
    return tools && definitionBytes(tools);
  }

  toolNames(): readonly RegisteredName[] {
    const names = [...new Set(this.#members().flatMap(({ catalog }) => catalog.toolNames()))];
    return this.#filter.limits("tools") ? names.filter((name) => this.#filter.showsListed("tools", name)) : names;
  }

  #shows(list: ListKind, item: JsonObject): boolean {
    const name = item[LISTS[list].identity];
    return typeof name === "string" && this.#filter.showsListed(list, name);
  }
}

/** The lists of those that were ever listed. */
function listsOf(list: ListKind, servers: readonly ManagedServer[]): readonly ListItems[] {
  return servers.map(({ catalog }) => catalog.known(list)).filter((items) => items !== undefined);
}

function union(list: ListKind, lists: readonly ListItems[]): ListItems {
  const byName = new Map<unknown, JsonObject>();
  for (const item of lists.flat()) {
    const name = item[LISTS[list].identity];
    if (!byName.has(name)) byName.set(name, item);
  }
  return [...byName.values()];
}
