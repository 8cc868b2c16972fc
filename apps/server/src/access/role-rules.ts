import { globMatches, type ItemFilter, type ItemRules, nameFilter, uriFilter } from "@mcp-hangar/core";

/** `<server>/<item>` in two halves; `*` for all items where only a server is named. */
interface Pattern {
  readonly server: string;
  readonly item: string;
}

/** Servers whose filters are kept; callers can ask for any. */
const KEPT_FILTERS_MAX = 1_000;

/** What a role says about the tools, resources or prompts of servers. */
export class RoleRules {
  /** Whether they name what is allowed. */
  readonly namesAllowed: boolean;
  readonly #allow: readonly Pattern[];
  readonly #deny: readonly Pattern[];
  readonly #filters = new Map<string, ItemFilter>();

  constructor({ allow, deny = [] }: ItemRules) {
    this.namesAllowed = allow !== undefined;
    this.#allow = (allow ?? ["*"]).map(parse);
    this.#deny = deny.map(parse);
  }

  /** Whether a tool of a server is allowed and not denied: every call asks. */
  admits(server: string, tool: string): boolean {
    const fits = (pattern: Pattern): boolean => globMatches(pattern.server, server) && globMatches(pattern.item, tool);
    return this.#allow.some(fits) && !this.#deny.some(fits);
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
    const denied = this.#deny.filter((pattern) => globMatches(pattern.server, server));
    return this.#allow.some(
      (each) => globMatches(each.server, server) && !denied.some(({ item }) => covers(item, each.item)),
    );
  }

  /** The patterns that are about one server, as rules of that server. */
  #filterOf(server: string, filter: typeof nameFilter): ItemFilter {
    const known = this.#filters.get(server);
    if (known !== undefined) return known;
    const here = (patterns: readonly Pattern[]): readonly string[] =>
      patterns.filter((pattern) => globMatches(pattern.server, server)).map(({ item }) => item);
    const made = filter({ allow: here(this.#allow), deny: here(this.#deny) });
    if (this.#filters.size >= KEPT_FILTERS_MAX) this.#filters.clear();
    this.#filters.set(server, made);
    return made;
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
