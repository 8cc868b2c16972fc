import { globMatches, type ItemFilter, type ItemRules, nameFilter, uriFilter } from "@mcp-hangar/core";

/** `<server>/<item>` in two halves; `*` for all items where only a server is named. */
interface Pattern {
  readonly server: string;
  readonly item: string;
}

/** Servers for which rules are kept as they are there; callers can ask for any. */
const KEPT_SERVERS_MAX = 10_000;

/** The rules as they are for one server. */
interface RulesHere {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly reaches: boolean;
  filter: ItemFilter | undefined;
}

/** What a role says about the tools, resources or prompts of servers. */
export class RoleRules {
  /** Whether they name what is allowed. */
  readonly namesAllowed: boolean;
  readonly #allow: Patterns;
  readonly #deny: Patterns;
  readonly #here = new Map<string, RulesHere>();

  constructor({ allow, deny = [] }: ItemRules) {
    this.namesAllowed = allow !== undefined;
    this.#allow = new Patterns(allow ?? ["*"]);
    this.#deny = new Patterns(deny);
  }

  /** Whether a tool of a server is allowed and not denied: every call asks. */
  admits(server: string, tool: string): boolean {
    const { allow, deny } = this.#at(server);
    const fits = (item: string): boolean => globMatches(item, tool);
    return allow.some(fits) && !deny.some(fits);
  }

  /** The same for a prompt, as the rules of a server judge names. */
  showsName(server: string, name: string): boolean {
    return this.#filterOf(server, nameFilter)(name);
  }

  /** The same for a URI or template, as the rules of a server judge URIs. */
  showsUri(server: string, uri: string): boolean {
    return this.#filterOf(server, uriFilter)(uri);
  }

  /** A server is out of reach when nothing of it is allowed, or what is allowed is denied as a whole. */
  reaches(server: string): boolean {
    return this.#at(server).reaches;
  }

  #filterOf(server: string, filter: typeof nameFilter): ItemFilter {
    const here = this.#at(server);
    here.filter ??= filter(here);
    return here.filter;
  }

  /** What is about one server: lists ask it for each of thousands of tools. */
  #at(server: string): RulesHere {
    const known = this.#here.get(server);
    if (known !== undefined) return known;
    const allow = this.#allow.itemsOf(server);
    const deny = this.#deny.itemsOf(server);
    const reaches = allow.some((each) => !deny.some((item) => covers(item, each)));
    const made = { allow, deny, reaches, filter: undefined };
    if (this.#here.size >= KEPT_SERVERS_MAX) this.#here.clear();
    this.#here.set(server, made);
    return made;
  }
}

/** Patterns by their servers: most name one, and need not be held against each of a thousand. */
class Patterns {
  readonly #named = new Map<string, string[]>();
  readonly #globs: Pattern[] = [];

  constructor(texts: readonly string[]) {
    for (const { server, item } of texts.map(parse)) {
      if (/[*?]/.test(server)) this.#globs.push({ server, item });
      else {
        const items = this.#named.get(server) ?? [];
        items.push(item);
        this.#named.set(server, items);
      }
    }
  }

  itemsOf(server: string): readonly string[] {
    const fitting = this.#globs.filter((pattern) => globMatches(pattern.server, server));
    return [...(this.#named.get(server) ?? []), ...fitting.map(({ item }) => item)];
  }
}

function parse(pattern: string): Pattern {
  const slash = pattern.indexOf("/");
  if (slash === -1) return { server: pattern, item: "*" };
  return { server: pattern.slice(0, slash), item: pattern.slice(slash + 1) };
}

/**
 * Whether whatever fits `narrow` fits `wide`, too, as far as that is told by reading `narrow` as a name: what takes its `*`
 * takes all that this stands for. A `?` would take that `*` for one character.
 */
function covers(wide: string, narrow: string): boolean {
  return wide === narrow || (!wide.includes("?") && globMatches(wide, narrow));
}
