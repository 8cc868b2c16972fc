import { AUDIT_RECORD_SCHEMA, AUDIT_TYPES } from "@mcp-hangar/telemetry";

const INTRODUCTION = `# Audit records

<!-- Generated from packages/telemetry/src/audit by pnpm generate. Do not edit. -->

One normalised record for every event that auditors ask for; [facts.md](facts.md) says of which. All formats (OTLP logs, CEF, LEEF,
syslog, JSON lines and [more](audit-formats.md)) are written from it. [audit-record.schema.json](audit-record.schema.json) is its JSON Schema, draft 2020-12.

- A record holds no arguments and no results of tools. Texts that callers or servers chose have a limit, and secrets in them are
  replaced by \`[redacted]\`. Control characters are kept: each format escapes what would end its records.
- \`id\` is the same for the same event in every export, in the history and in the event stream.
- \`time\` is when it happened, not when it was exported.
- A field is there only where it says something. \`schema_version\` changes when a field is renamed, removed or means something else, and
  not when one is added.
- Types and codes are not renamed, and a code is never given to another type.

## Types

| Code | Type | Category | Severity | What happened |
| --- | --- | --- | --- | --- |
`;

const SEVERITIES = `
Severity is from 0, of no interest, to 10. Where events of a type differ, it is that of the usual one: a server that is dead has 8 and one
that is degraded 6, a crash 7, an open circuit breaker 6, tools that were only added 4, and an operation that only reads 1.

## Fields

| Field | Type | Meaning |
| --- | --- | --- |
`;

/** The file `docs/reference/audit-record.schema.json`. */
export function auditRecordSchema(): string {
  return `${JSON.stringify(AUDIT_RECORD_SCHEMA, undefined, 2)}\n`;
}

/** The page `docs/reference/audit.md`. */
export function auditReference(): string {
  const types = Object.entries(AUDIT_TYPES).map(([type, { code, category, severity, description }]) =>
    line([`\`${code}\``, `\`${type}\``, category, String(severity), description]),
  );
  return `${INTRODUCTION}${types.join("")}${SEVERITIES}${fieldRows(AUDIT_RECORD_SCHEMA, "").join("")}`;
}

/** What of JSON Schema the schema of records uses. */
interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: number;
  readonly description?: string;
  readonly items?: Schema;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

function fieldRows({ properties = {}, required = [] }: Schema, prefix: string): readonly string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const path = `${prefix}${name}`;
    const nested = schema.items ?? schema;
    if (nested.properties !== undefined) {
      return fieldRows(nested, `${path}${schema.items === undefined ? "" : "[]"}.`);
    }
    const always = required.includes(name) ? "" : " (optional)";
    return [line([`\`${path}\`${always}`, typeOf(schema), schema.description ?? nested.description ?? ""])];
  });
}

function typeOf({ type, enum: values, const: only, items, maxLength, maxItems }: Schema): string {
  if (only !== undefined) return `\`${only}\``;
  if (values !== undefined)
    return values.length > 12 ? "text out of the table above" : values.map((value) => `\`${value}\``).join(", ");
  if (items !== undefined) return `list of at most ${maxItems}`;
  if (type !== "string") return type === "integer" ? "whole number" : "number";
  return maxLength === undefined ? "text" : `text of at most ${maxLength} characters`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |\n`;
}
