/** A file of rules as it is parsed. */
export interface RuleFile {
  readonly groups: readonly {
    readonly name: string;
    readonly interval?: string;
    readonly rules: readonly {
      readonly alert?: string;
      readonly record?: string;
      readonly expr: string | number;
      readonly labels?: Readonly<Record<string, string>>;
    }[];
  }[];
}

/**
 * The recording rules upon which alerts stand, of those that are given: what only dashboards and texts read takes most of the time.
 * What another rule names counts as read, whatever its labels, so that rarely one too many is kept and never one too few.
 */
export function neededRules(alerts: RuleFile, records: RuleFile): RuleFile {
  const rules = records.groups.flatMap((group) => group.rules);
  const needed = new Set<string>();
  const open = alerts.groups.flatMap((group) => group.rules.map(({ expr }) => String(expr)));
  for (let expr = open.pop(); expr !== undefined; expr = open.pop()) {
    for (const [name] of expr.matchAll(/[a-zA-Z_]\w*:[\w:]+/g)) {
      if (needed.has(name)) continue;
      needed.add(name);
      open.push(...rules.filter(({ record }) => record === name).map((rule) => String(rule.expr)));
    }
  }
  return {
    groups: records.groups
      .map((group) => ({
        ...group,
        rules: group.rules.filter(({ record = "" }) => needed.has(record)),
      }))
      .filter((group) => group.rules.length > 0),
  };
}
