import { Glob, type MatchBudget } from "./glob.ts";
import {
  bareSpellings,
  climbs,
  plainUriGlob,
  slashlessSpelling,
  slashlessUriGlob,
  uriSpellings,
} from "./uri-spellings.ts";

/** Globs (`*` any run of characters, `?` one) of what exists for callers. */
export interface ItemRules {
  /** Others do not exist. Everything is allowed when it is absent. */
  readonly allow?: readonly string[] | undefined;
  /** These do not exist; wins over `allow`. */
  readonly deny?: readonly string[] | undefined;
}

/** Whether something of a server exists for callers, by its name or URI alone. */
export type ItemFilter = (name: string) => boolean;

/** Steps that all globs together may take over one name: hundreds of honest ones take as many hundreds. */
const NAME_STEPS_MAX = 4_000;
/** The same for a URI, which is longer and looked at in several spellings. */
const URI_STEPS_MAX = 16_000;
/** Characters of a URI that globs look at; servers and clients agree on some two thousand. */
const URI_CHARS_MAX = 2_048;

/** Everything exists. */
export const everything: ItemFilter = () => true;

/**
 * Makes one predicate of rules about names; without rules everything exists. A name that is too long for globs to look at
 * does not exist under rules, nor does one over which they would take too long.
 */
export function nameFilter(rules: ItemRules | undefined): ItemFilter {
  if (rules === undefined) return everything;
  // An absent `allow` is a glob, too, so that what is too long to be denied is not let by.
  const allow = globs(rules.allow ?? ["*"]);
  const deny = globs(rules.deny ?? []);
  return (name) => {
    const budget = { steps: NAME_STEPS_MAX };
    const fits = (glob: Glob): boolean => glob.matches(name, budget);
    return allow.some(fits) && !deny.some(fits) && budget.steps > 0;
  };
}

/**
 * The same for URIs and templates of URIs, as the server spells them. A URI must be allowed as it stands, and also as what it
 * means when it has dot segments; it is denied when any spelling is that a server may read it as ({@link uriSpellings}).
 */
export function uriFilter(rules: ItemRules | undefined): ItemFilter {
  if (rules === undefined) return everything;
  const allow = globs(rules.allow ?? ["*"]);
  const deny = globs(rules.deny ?? []);
  const plainAllow = globs((rules.allow ?? ["*"]).flatMap(bothSpellings));
  const plainDeny = globs((rules.deny ?? []).flatMap(bothSpellings));
  const slashlessDeny = globs((rules.deny ?? []).flatMap(bothSpellings).map(slashlessUriGlob));
  return (uri) => {
    if (uri.length > URI_CHARS_MAX) return false;
    const budget = { steps: URI_STEPS_MAX };
    if (!some(allow, uri, budget) || some(deny, uri, budget)) return false;
    const spellings = uriSpellings(uri);
    if (spellings === undefined) return false;
    if (deny.length > 0) {
      // A server may not look at all of it.
      const read = new Set([uri, ...spellings, ...[uri, ...spellings].flatMap(bareSpellings)]);
      for (const spelling of read) {
        if (some(plainDeny, spelling, budget) || some(slashlessDeny, slashlessSpelling(spelling), budget)) return false;
      }
    }
    if (climbs(uri) && !spellings.every((spelling) => some(plainAllow, spelling, budget))) return false;
    return budget.steps > 0;
  };
}

function some(all: readonly Glob[], uri: string, budget: MatchBudget): boolean {
  // Decoding and the URL standard may make a spelling longer than the text: as long as that may be.
  return all.some((glob) => glob.matches(uri, budget, Number.POSITIVE_INFINITY));
}

function globs(texts: readonly string[]): readonly Glob[] {
  return texts.map((text) => new Glob(text));
}

function bothSpellings(glob: string): readonly string[] {
  const plain = plainUriGlob(glob);
  return plain === glob ? [glob] : [glob, plain];
}
