import { Glob } from "./glob.ts";

/** Which tools of a server exist for callers. */
export interface ToolPolicy {
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

/** Steps that all globs together may take over one name: hundreds of honest ones take as many hundreds. */
const STEPS_MAX = 4_000;
/** Verdicts that are kept: as many as a list has items. */
const VERDICTS_MAX = 20_000;

/** The predicate of a server without a policy. */
export const everyTool = (): boolean => true;

/**
 * Makes one predicate of globs (`*` any run of characters, `?` one); without a policy every tool exists. A name that is
 * too long for globs to look at does not exist under a policy, nor does one over which they would take too long.
 */
export function toolFilter(policy: ToolPolicy | undefined): (tool: string) => boolean {
  if (policy === undefined) return everyTool;
  // An absent `allow` is a glob, too, so that what is too long to be denied is not let by.
  const [allow, deny] = [policy.allow ?? ["*"], policy.deny ?? []].map((globs) => globs.map((glob) => new Glob(glob)));
  const verdicts = new Map<string, boolean>();
  const judge = (tool: string): boolean => {
    const budget = { steps: STEPS_MAX };
    const allowed = allow?.some((glob) => glob.matches(tool, budget)) ?? false;
    const denied = deny?.some((glob) => glob.matches(tool, budget)) ?? false;
    return allowed && !denied && budget.steps > 0;
  };
  return (tool) => {
    const known = verdicts.get(tool);
    if (known !== undefined) return known;
    const verdict = judge(tool);
    if (verdicts.size >= VERDICTS_MAX) verdicts.clear();
    verdicts.set(tool, verdict);
    return verdict;
  };
}
