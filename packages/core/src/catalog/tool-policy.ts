/** Which tools of a server exist for callers. */
export interface ToolPolicy {
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

/** Compiles globs (`*` any run of characters, `?` one) to one predicate; without a policy every tool exists. */
export function toolFilter(policy: ToolPolicy | undefined): (tool: string) => boolean {
  const allow = policy?.allow?.map(globToRegExp);
  const deny = policy?.deny?.map(globToRegExp) ?? [];
  return (tool) =>
    (allow === undefined || allow.some((glob) => glob.test(tool))) && !deny.some((glob) => glob.test(tool));
}

function globToRegExp(glob: string): RegExp {
  const pattern = glob
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replace(/\?/g, ".");
  return new RegExp(`^${pattern}$`, "su");
}
