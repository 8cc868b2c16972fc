import type { Fleet, FleetEntry, ListItems, ListKind } from "@mcp-hangar/core";
import { textOf } from "../text-of.ts";
import { isShort, isShortened, shortName, shortNames } from "./short-names.ts";

/** A name or URI of a client, resolved to what is behind it. */
export interface Target {
  /** Id of a server or group. */
  readonly server: string;
  /** As the server itself spells it. */
  readonly name: string;
}

/** Lists of things that clients ask for by name. */
export type NamedList = Extract<ListKind, "tools" | "prompts">;

/** Between the server and the name of a tool or prompt; server ids and prefixes cannot contain it. */
export const SEPARATOR = "__";

/** The long names of one list of a server. */
interface LongNames {
  /** Short names by the names that the server gave. */
  readonly short: ReadonlyMap<string, string>;
  /** The names that the server gave by short ones. */
  readonly own: ReadonlyMap<string, string>;
  /** Those that share a digest with others. */
  readonly colliding: readonly string[];
}

/** By the lists that servers gave, which are replaced as a whole, and by what stands in front of the names. */
const known = new WeakMap<ListItems, Map<string, LongNames>>();

/**
 * The names of tools and prompts on the aggregate: `<prefix>__<name>`, shortened to 64 characters if it is longer or looks like one that
 * was. The same name is always shortened in the same way, unless others in its list would be shortened to the same: then all of them get
 * longer digests. Longer names and the ids of servers are understood as well.
 */
export class QualifiedNames {
  readonly #fleet: Fleet;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  qualify(server: string, list: ListKind, name: string): string {
    const entry = this.#fleet.entry(server);
    const front = entry === undefined ? `${server}${SEPARATOR}` : this.#frontOf(entry);
    if (isShort(front + name)) return front + name;
    const listed = entry === undefined ? undefined : longNames(entry, list, front)?.short.get(name);
    return listed ?? shortName(front + name, front.length);
  }

  /** What decides, beside the name itself, how the names of a list are written: another text whenever that changes. */
  naming(entry: FleetEntry, list: ListKind): string {
    const front = this.#frontOf(entry);
    return JSON.stringify([front, longNames(entry, list, front)?.colliding]);
  }

  /** The prefix that a server was given, unless it is the id of another or was given to one before: else its id. */
  prefixOf(entry: FleetEntry): string {
    const { prefix } = entry.options;
    return prefix !== undefined && this.#entryOf(prefix) === entry ? prefix : entry.id;
  }

  /** Always a target: a name that means nothing resolves to a server that does not exist. */
  resolve(text: string, list: NamedList): Target {
    const { server, name } = split(text, SEPARATOR);
    const entry = this.#entryOf(server);
    if (!isShortened(text)) return { server: entry?.id ?? server, name };
    // A long prefix is cut as well, and tells nothing then.
    for (const each of entry === undefined ? this.#fleet.shown() : [entry]) {
      const own = longNames(each, list, this.#frontOf(each))?.own.get(text);
      if (own !== undefined) return { server: each.id, name: own };
    }
    return { server: entry?.id ?? server, name };
  }

  /** The server that a shortened name is of, if that was never listed, so that nobody can know what the name stands for. */
  unlisted(text: string): FleetEntry | undefined {
    if (!isShortened(text)) return undefined;
    const entry = this.#entryOf(split(text, SEPARATOR).server);
    return entry?.catalog.known("tools") === undefined ? entry : undefined;
  }

  /** What the names of a server begin with. */
  #frontOf(entry: FleetEntry): string {
    return `${this.prefixOf(entry)}${SEPARATOR}`;
  }

  /** By id first, so that no prefix takes the place of a server. */
  #entryOf(prefix: string): FleetEntry | undefined {
    return this.#fleet.entry(prefix) ?? this.#fleet.shown().find(({ options }) => options.prefix === prefix);
  }
}

export function split(text: string, separator: string): Target {
  const at = text.indexOf(separator);
  return at < 0 ? { server: "", name: text } : { server: text.slice(0, at), name: text.slice(at + separator.length) };
}

/** Of the lists as they are for everybody, so that a name is the same for all who see it. `undefined` of one that was never fetched. */
function longNames({ catalog }: FleetEntry, list: ListKind, front: string): LongNames | undefined {
  const items = catalog.known(list);
  if (items === undefined) return undefined;
  const byFront = known.get(items) ?? new Map<string, LongNames>();
  const found = byFront.get(front);
  if (found !== undefined) return found;
  const pairs = [
    ...shortNames(
      items.map(({ name }) => front + textOf(name)),
      front.length,
    ),
  ].map(([name, short]) => [name.slice(front.length), short] as const);
  const made = {
    short: new Map(pairs),
    own: new Map(pairs.map(([name, short]) => [short, name])),
    colliding: pairs.filter(([name, short]) => short !== shortName(front + name, front.length)).map(([name]) => name),
  };
  known.set(items, byFront.set(front, made));
  return made;
}
