import type { AuditRecord } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { recordAttributes } from "./record-attributes.ts";

/** Every member of a type, and of those in it. */
type Whole<Value> = Value extends readonly unknown[]
  ? Value
  : Value extends object
    ? { readonly [Key in keyof Value]-?: Whole<NonNullable<Value[Key]>> }
    : Value;

/** Fields that are not attributes: time and trace have places of their own, and only a journal has gaps, checkpoints and what was captured. */
type Elsewhere = "time" | "trace_id" | "span_id" | "type" | "gap" | "checkpoint" | "captured";

/** A record with every field that there is: one that is added to the schema does not compile before it stands here. */
const WHOLE: Whole<Omit<AuditRecord, Elsewhere>> = {
  schema_version: 1,
  id: "the id",
  instance: "the instance",
  code: "MH1001",
  category: "tool",
  severity: 4,
  action: "the action",
  outcome: "failure",
  reason: "the reason",
  actor: {
    type: "api_key",
    id: "the caller",
    credential: "the credential",
    roles: ["the role"],
    token_issuer: "the issuer",
    token_subject: "the subject",
    token_actors: ["the token's actor"],
    address: "the address",
    user_agent: "the user agent",
    client_name: "the client",
    client_version: "the client's version",
    transport: "http",
    session_id: "the session",
  },
  target: { kind: "tool", server: "the server", group: "the group", name: "the tool" },
  decision: { result: "allowed", by: "the policy" },
  correlation_id: "the correlation",
  user_id: "the user",
  user_session_id: "the user's session",
  duration_ms: 11.5,
  attempts: [{ server: "the attempted server", code: "timeout", duration_ms: 12.5 }],
  request_bytes: 13,
  response_bytes: 14,
  rpc_error_code: -15,
  args_hash: "the digest",
  batch: { id: "the batch", index: 16, attempt: 17 },
  usage: { cost: 0.29, currency: "EUR", model: "the model", input_tokens: 18, output_tokens: 19 },
  change: { before: "before it", after: "after it" },
  message: "the message",
};

/** Values that stand in the attributes in another form. */
const WRITTEN_AS: Readonly<Record<string, unknown>> = { "usage.cost": 29 };

function leavesOf(value: unknown, path = ""): readonly (readonly [path: string, leaf: unknown])[] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, member]) => leavesOf(member, path === "" ? key : `${path}.${key}`));
}

describe("the attributes of a record", () => {
  const record: AuditRecord = { ...WHOLE, type: "tool.call.failed", time: "2026-01-31T12:00:00.000Z" };
  const written = new Set(leavesOf(recordAttributes(record)).map(([, leaf]) => leaf));

  it.each(leavesOf(WHOLE))("say %s", (path, value) => {
    expect(written).toContain(WRITTEN_AS[path] ?? value);
  });
});
