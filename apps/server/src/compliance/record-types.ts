import { AUDIT_TYPES } from "@mcp-hangar/telemetry";

/** The types of records that a pattern names: itself, or `tool.call.*` for all that begin so; none when there is no such type. */
export function typesMatching(pattern: string): readonly string[] {
  const all = Object.keys(AUDIT_TYPES);
  if (!pattern.endsWith(".*")) return all.filter((type) => type === pattern);
  const begin = pattern.slice(0, -1);
  return all.filter((type) => type.startsWith(begin));
}

/** What to say of a pattern that names none. */
export function noSuchType(pattern: string): string {
  return `there are no records of the type "${pattern}"; there are ${Object.keys(AUDIT_TYPES).join(", ")}`;
}
