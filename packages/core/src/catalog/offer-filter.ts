import { everything, type ItemFilter, type ItemRules, nameFilter, uriFilter } from "./item-filter.ts";
import type { ListKind } from "./lists.ts";

/** Which tools, resources and prompts of a server exist for callers. What is absent is not limited. */
export interface OfferRules {
  readonly tools?: ItemRules | undefined;
  /** About URIs, and the texts of templates. */
  readonly resources?: ItemRules | undefined;
  readonly prompts?: ItemRules | undefined;
}

/** Verdicts about listed items that are kept for each list: as many as a list has items. */
const VERDICTS_MAX = 20_000;

/** The rules of a server or group as predicates over what it offers. */
export class OfferFilter {
  readonly #filters: Readonly<Record<ListKind, ItemFilter>>;
  readonly #verdicts: Readonly<Record<ListKind, Map<string, boolean>>> = {
    tools: new Map(),
    prompts: new Map(),
    resources: new Map(),
    resourceTemplates: new Map(),
  };

  constructor({ tools, resources, prompts }: OfferRules) {
    const uris = uriFilter(resources);
    this.#filters = {
      tools: nameFilter(tools),
      prompts: nameFilter(prompts),
      resources: uris,
      resourceTemplates: uris,
    };
  }

  /** Whether there are rules about what a list has. */
  limits(list: ListKind): boolean {
    return this.#filters[list] !== everything;
  }

  /** Judges what a caller asks for. Nothing of it is kept: callers can ask for anything. */
  shows(list: ListKind, name: string): boolean {
    return this.#filters[list](name);
  }

  /** Judges what the server lists, and remembers the verdict. */
  showsListed(list: ListKind, name: string): boolean {
    if (!this.limits(list)) return true;
    const verdicts = this.#verdicts[list];
    const known = verdicts.get(name);
    if (known !== undefined) return known;
    const verdict = this.shows(list, name);
    if (verdicts.size >= VERDICTS_MAX) verdicts.clear();
    verdicts.set(name, verdict);
    return verdict;
  }
}
