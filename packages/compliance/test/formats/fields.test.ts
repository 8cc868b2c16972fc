import { AUDIT_RECORD_SCHEMA } from "@mcp-hangar/telemetry";
import { expect, test } from "vitest";
import { AUDIT_FIELDS } from "../../src/formats/audit-fields.ts";

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** The paths of all fields that a schema has; lists are one field. */
function paths({ properties = {} }: Schema, before = ""): readonly string[] {
  return Object.entries(properties).flatMap(([name, schema]) =>
    schema.type === "object" ? paths(schema, `${before}${name}.`) : [before + name],
  );
}

test("the formats know every field of the published schema", () => {
  // Ciphers are longer than what most formats can hold, and are of use whole alone: those that are the whole record have them.
  const inFormats = paths(AUDIT_RECORD_SCHEMA).filter((path) => !path.startsWith("captured."));
  expect(inFormats).toHaveLength(paths(AUDIT_RECORD_SCHEMA).length - 3);
  expect(AUDIT_FIELDS.toSorted()).toEqual([...inFormats, "sequence", "hash"].toSorted());
});
