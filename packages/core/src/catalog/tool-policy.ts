import { globMatches } from "./glob.ts";

/** Which tools of a server exist for callers. */
export interface ToolPolicy {
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

/**
 * Makes one predicate of globs (`*` any run of characters, `?` one); without a policy every tool exists. A name that is
 * too long for globs to look at does not exist under a policy.
 */
export function toolFilter(policy: ToolPolicy | undefined): (tool: string) => boolean {
  if (policy === undefined) return () => true;
  // An absent `allow` is a glob, too, so that what is too long to be denied is not let by.
  const { allow = ["*"], deny = [] } = policy;
  return (tool) => allow.some((glob) => globMatches(glob, tool)) && !deny.some((glob) => globMatches(glob, tool));
}
