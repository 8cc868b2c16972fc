import { expect, test } from "vitest";
import { HANGAR_ATTRIBUTES, OTEL_ATTRIBUTES } from "./attributes.ts";
import { AUDIT_ATTRIBUTES } from "./audit/audit-attributes.ts";

/** What users query. A rename breaks their saved searches, so the names are spelt out a second time. */
const PUBLIC_NAMES = [
  ...["id", "mode", "state", "group_id"].map((name) => `mcp.server.${name}`),
  ...["name", "status", "duration_ms", "cold_start", "args_hash"].map((name) => `mcp.tool.${name}`),
  ...["session.id", "agent.id", "user.id", "correlation_id"].map((name) => `mcp.${name}`),
  ...["policy_result", "policy_name", "action"].map((name) => `mcp.enforcement.${name}`),
  ...["principal_type", "principal_id", "principal_roles", "authenticated", "authorized"].map(
    (name) => `mcp.audit.${name}`,
  ),
  ...["type", "id", "roles"].map((name) => `mcp.caller.${name}`),
  ...["cents", "model", "input_tokens", "output_tokens", "currency"].map((name) => `mcp.cost.${name}`),
  ...["result", "consecutive_failures", "duration_ms"].map((name) => `mcp.health.${name}`),
];

test("the table has every public attribute name", () => {
  const names: string[] = [...Object.values(HANGAR_ATTRIBUTES), ...Object.values(OTEL_ATTRIBUTES)];
  expect(PUBLIC_NAMES.filter((name) => !names.includes(name))).toEqual([]);
});

test("no name stands in the tables twice", () => {
  const tables = [HANGAR_ATTRIBUTES, OTEL_ATTRIBUTES, AUDIT_ATTRIBUTES];
  const names: string[] = tables.flatMap((table) => Object.values(table));
  expect(new Set(names).size).toBe(names.length);
});
