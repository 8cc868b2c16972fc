import { AUDIT_CATEGORIES, AUDIT_TYPES, type AuditCategory, type AuditRecord } from "@mcp-hangar/telemetry";

/** Which records a sink gets: those that every member lets pass. A member that is absent lets all pass. */
export interface RecordFilter {
  /** Types such as `tool.call.denied`; `tool.call.*` is every type that begins so. */
  readonly types?: readonly string[];
  readonly categories?: readonly AuditCategory[];
  /** From 0 to 10; records of this severity pass. */
  readonly severityMin?: number;
  /** Records about these servers or groups pass, and records about none do not. */
  readonly servers?: readonly string[];
}

/**
 * A filter as a function.
 * @throws RangeError when it names a type or category that there is not, or a severity out of range: it would let nothing pass.
 */
export function recordFilter(filter: RecordFilter): (record: AuditRecord) => boolean {
  const { types, categories, severityMin = 0, servers } = filter;
  const named = types && new Set(types.flatMap(typesOf));
  for (const category of categories ?? []) {
    if (!AUDIT_CATEGORIES.includes(category)) {
      throw new RangeError(
        `there are no audit records of the category "${category}"; use ${AUDIT_CATEGORIES.join(", ")}`,
      );
    }
  }
  if (!(severityMin >= 0 && severityMin <= 10)) {
    throw new RangeError(`the severity of audit records is from 0 to 10, and never ${severityMin}`);
  }
  const wanted = categories && new Set(categories);
  const about = servers && new Set(servers);
  return ({ type, category, severity, target }) =>
    severity >= severityMin &&
    (named === undefined || named.has(type)) &&
    (wanted === undefined || wanted.has(category)) &&
    (about === undefined || [target.server, target.group].some((name) => name !== undefined && about.has(name)));
}

function typesOf(pattern: string): readonly string[] {
  const all = Object.keys(AUDIT_TYPES);
  const found = pattern.endsWith(".*")
    ? all.filter((type) => type.startsWith(pattern.slice(0, -1)))
    : all.filter((type) => type === pattern);
  if (found.length === 0) throw new RangeError(`there are no audit records of the type "${pattern}"`);
  return found;
}
