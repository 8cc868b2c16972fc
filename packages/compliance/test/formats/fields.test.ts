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
  expect(AUDIT_FIELDS.toSorted()).toEqual([...paths(AUDIT_RECORD_SCHEMA), "sequence", "hash"].toSorted());
});
