import { createHash } from "node:crypto";
import type { Fleet, FleetEntry, ListItems } from "@mcp-hangar/core";
import { textOf } from "../text-of.ts";

/** A name or URI of a client, resolved to what is behind it. */
export interface Target {
  /** Id of a server or group. */
  readonly server: string;
  /** As the server itself spells it. */
  readonly name: string;
}

/** Between the server and the name of a tool or prompt; server ids and prefixes cannot contain it. */
export const SEPARATOR = "__";
/** Characters of a name that model APIs accept (Anthropic, OpenAI: `^[a-zA-Z0-9_-]{1,64}$`). */
const NAME_CHARS_MAX = 64;
/** Hexadecimal digits of SHA-256 at the end of a shortened name: 40 bits, too many for two names to meet by chance. */
const DIGITS = 10;
const SHORTENED = new RegExp(`_[0-9a-f]{${DIGITS}}$`);

/** By the lists that servers gave, which are replaced as a whole, and by prefix: what the shortened names stand for. */
const known = new WeakMap<ListItems, Map<string, ReadonlyMap<string, string>>>();

/**
 * The names of tools and prompts on the aggregate: `<prefix>__<name>`, shortened to {@link NAME_CHARS_MAX} characters if it
 * is longer or looks like one that was. The same name is always shortened in the same way. Longer names and the ids of servers are understood as well.
 */
export class QualifiedNames {
  readonly #fleet: Fleet;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  qualify(server: string, name: string): string {
    const entry = this.#fleet.entry(server);
    return shortened(`${entry === undefined ? server : this.prefixOf(entry)}${SEPARATOR}${name}`);
  }

  /** The prefix that a server was given, unless it is the id of another or was given to one before: else its id. */
  prefixOf(entry: FleetEntry): string {
    const { prefix } = entry.options;
    return prefix !== undefined && this.#entryOf(prefix) === entry ? prefix : entry.id;
  }

  /** Always a target: a name that means nothing resolves to a server that does not exist. */
  resolve(text: string): Target {
    const { server, name } = split(text, SEPARATOR);
    const entry = this.#entryOf(server);
    if (!isShortened(text)) return { server: entry?.id ?? server, name };
    // A long prefix is cut as well, and tells nothing then.
    for (const each of entry === undefined ? this.#fleet.shown() : [entry]) {
      const own = longNameIn(each, this.prefixOf(each), text);
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

  /** By id first, so that no prefix takes the place of a server. */
  #entryOf(prefix: string): FleetEntry | undefined {
    return this.#fleet.entry(prefix) ?? this.#fleet.shown().find(({ options }) => options.prefix === prefix);
  }
}

export function split(text: string, separator: string): Target {
  const at = text.indexOf(separator);
  return at < 0 ? { server: "", name: text } : { server: text.slice(0, at), name: text.slice(at + separator.length) };
}

function isShortened(text: string): boolean {
  return text.length === NAME_CHARS_MAX && SHORTENED.test(text);
}

/** A name that looks as if it had been shortened is another's to be: a server that gave it to a tool would have two of that name. */
function isItself(name: string): boolean {
  return name.length <= NAME_CHARS_MAX && !isShortened(name);
}

function shortened(name: string): string {
  if (isItself(name)) return name;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, DIGITS);
  return `${name.slice(0, NAME_CHARS_MAX - DIGITS - 1)}_${digest}`;
}

function longNameIn({ catalog }: FleetEntry, prefix: string, text: string): string | undefined {
  for (const list of ["tools", "prompts"] as const) {
    const items = catalog.known(list);
    const own = items === undefined ? undefined : longNamesOf(items, prefix).get(text);
    if (own !== undefined) return own;
  }
  return undefined;
}

function longNamesOf(items: ListItems, prefix: string): ReadonlyMap<string, string> {
  const byPrefix = known.get(items) ?? new Map<string, ReadonlyMap<string, string>>();
  const found = byPrefix.get(prefix);
  if (found !== undefined) return found;
  const names = new Map<string, string>();
  for (const { name } of items) {
    const full = `${prefix}${SEPARATOR}${textOf(name)}`;
    if (!isItself(full)) names.set(shortened(full), textOf(name));
  }
  known.set(items, byPrefix.set(prefix, names));
  return names;
}
