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
    const items = union(list, this.#inRotation()) ?? union(list, this.#members());
    return this.#filter.limits(list) ? items?.filter((item) => this.#shows(list, item)) : items;
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

function union(list: ListKind, servers: readonly ManagedServer[]): ListItems | undefined {
  const lists = servers.flatMap(({ catalog }) => {
    const items = catalog.known(list);
    return items === undefined ? [] : [items];
  });
  if (lists.length === 0) return undefined;
  const byName = new Map<unknown, JsonObject>();
  for (const item of lists.flat()) {
    const name = item[LISTS[list].identity];
    if (!byName.has(name)) byName.set(name, item);
  }
  return [...byName.values()];
}
