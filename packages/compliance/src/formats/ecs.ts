import { isIP } from "node:net";
import type { AuditCategory, AuditOutcome, AuditRecord } from "@mcp-hangar/telemetry";
import type { AuditEntry } from "../audit-entry.ts";
import type { AuditFormat } from "../format.ts";
import { AUDIT_FIELDS, type AuditField, type FieldValue, fieldOf } from "./audit-fields.ts";
import { type Draft, setAt } from "./json-path.ts";
import { jsonText } from "./json-text.ts";
import { describeType, PRODUCT, type Product } from "./product.ts";

/** The version of the Elastic Common Schema. */
const ECS_VERSION = "9.4.0";

/** Where each field stands. ECS leaves names of their own to products; ours are under `mcp_hangar`, named as the record names them. */
const ECS_PATHS: Readonly<Record<AuditField, string>> = {
  schema_version: "mcp_hangar.schema_version",
  id: "event.id",
  time: "@timestamp",
  instance: "observer.name",
  type: "event.action",
  code: "event.code",
  category: "mcp_hangar.category",
  action: "mcp_hangar.action",
  outcome: "mcp_hangar.outcome",
  reason: "event.reason",
  severity: "event.severity",
  "actor.type": "mcp_hangar.actor.type",
  "actor.id": "user.name",
  "actor.credential": "user.id",
  "actor.roles": "user.roles",
  "actor.token_issuer": "mcp_hangar.actor.token_issuer",
  "actor.token_subject": "mcp_hangar.actor.token_subject",
  "actor.token_actors": "mcp_hangar.actor.token_actors",
  "actor.address": "source.address",
  "actor.user_agent": "user_agent.original",
  "actor.client_name": "mcp_hangar.actor.client_name",
  "actor.client_version": "mcp_hangar.actor.client_version",
  "actor.transport": "mcp_hangar.actor.transport",
  "actor.session_id": "mcp_hangar.actor.session_id",
  "target.kind": "mcp_hangar.target.kind",
  "target.server": "mcp_hangar.target.server",
  "target.group": "mcp_hangar.target.group",
  "target.name": "mcp_hangar.target.name",
  "decision.result": "mcp_hangar.decision.result",
  "decision.by": "rule.name",
  trace_id: "trace.id",
  span_id: "span.id",
  correlation_id: "mcp_hangar.correlation_id",
  user_id: "mcp_hangar.user_id",
  user_session_id: "mcp_hangar.user_session_id",
  duration_ms: "event.duration",
  attempts: "mcp_hangar.attempts",
  request_bytes: "mcp_hangar.request_bytes",
  response_bytes: "mcp_hangar.response_bytes",
  rpc_error_code: "error.code",
  args_hash: "mcp_hangar.args_hash",
  "batch.id": "mcp_hangar.batch.id",
  "batch.index": "mcp_hangar.batch.index",
  "batch.attempt": "mcp_hangar.batch.attempt",
  "usage.cost": "mcp_hangar.usage.cost",
  "usage.currency": "mcp_hangar.usage.currency",
  "usage.model": "gen_ai.response.model",
  "usage.input_tokens": "gen_ai.usage.input_tokens",
  "usage.output_tokens": "gen_ai.usage.output_tokens",
  "change.before": "mcp_hangar.change.before",
  "change.after": "mcp_hangar.change.after",
  "gap.reason": "mcp_hangar.gap.reason",
  "gap.count": "mcp_hangar.gap.count",
  "gap.from": "mcp_hangar.gap.from",
  "gap.to": "mcp_hangar.gap.to",
  "gap.since": "mcp_hangar.gap.since",
  "gap.until": "mcp_hangar.gap.until",
  "checkpoint.journal": "mcp_hangar.checkpoint.journal",
  "checkpoint.sequence": "mcp_hangar.checkpoint.sequence",
  "checkpoint.hash": "mcp_hangar.checkpoint.hash",
  "checkpoint.reason": "mcp_hangar.checkpoint.reason",
  "checkpoint.key": "mcp_hangar.checkpoint.key",
  "checkpoint.signature": "mcp_hangar.checkpoint.signature",
  message: "message",
  sequence: "event.sequence",
  hash: "event.hash",
};

/** What ECS has another unit or type for. */
const CONVERSIONS: Partial<Readonly<Record<AuditField, (value: FieldValue) => FieldValue>>> = {
  // Nanoseconds.
  duration_ms: (value) => Math.round(Number(value) * 1e6),
  rpc_error_code: String,
};

/** The three words of ECS. What was cancelled did neither. */
const OUTCOMES: Readonly<Record<AuditOutcome, "success" | "failure" | "unknown">> = {
  success: "success",
  failure: "failure",
  denied: "failure",
  cancelled: "unknown",
  unknown: "unknown",
};

interface Kind {
  readonly category: string;
  readonly types: readonly string[];
}

/** Elastic Common Schema: one JSON object a record, with nested names. */
export class EcsFormat implements AuditFormat {
  readonly name = "ecs";
  readonly mediaType = "application/x-ndjson";
  readonly #product: Product;

  constructor(product: Product = PRODUCT) {
    this.#product = product;
  }

  encode(entry: AuditEntry): string {
    const { record } = entry;
    const { vendor, name: product, version } = this.#product;
    const { category, types } = kindOf(record);
    const document: Draft = {
      "@timestamp": record.time,
      ecs: { version: ECS_VERSION },
      message: describeType(record),
      event: {
        kind: "event",
        category: [category],
        type: types,
        // Another release may know outcomes that this one does not.
        outcome: OUTCOMES[record.outcome] ?? "unknown",
        module: "mcp_hangar",
        dataset: "mcp_hangar.audit",
      },
      observer: { vendor, product, version, type: "gateway" },
    };
    for (const field of AUDIT_FIELDS) {
      const value = fieldOf(entry, field);
      if (value !== undefined) setAt(document, ECS_PATHS[field], CONVERSIONS[field]?.(value) ?? value);
    }
    addDerived(document, record);
    return jsonText(document);
  }
}

/** Where a field stands, for the reference. */
export function ecsPlace(field: AuditField): string {
  return field === "duration_ms" ? `${ECS_PATHS[field]} (ns)` : ECS_PATHS[field];
}

/** What ECS has further names for. */
function addDerived(document: Draft, { actor, target, outcome, reason, message }: AuditRecord): void {
  if (actor.address !== undefined && isIP(actor.address) !== 0 && !actor.address.includes("%")) {
    setAt(document, "source.ip", actor.address);
  }
  if (target.kind === "tool") {
    setAt(document, "gen_ai.operation.name", "execute_tool");
    setAt(document, "gen_ai.tool.name", target.name);
  }
  if (outcome === "failure") {
    setAt(document, "error.type", reason);
    setAt(document, "error.message", message);
  }
}

/** The category of ECS, and the types that it expects there. */
function kindOf(record: AuditRecord): Kind {
  const { type, outcome } = record;
  const category: AuditCategory = record.category;
  switch (category) {
    case "tool":
    case "request":
      return { category: "api", types: ["access", ...permission(record)] };
    case "access":
      return { category: "api", types: ["access", "denied"] };
    case "management":
      return KEY_KINDS[type] ?? { category: "api", types: ["admin", ...permission(record)] };
    case "session":
      return { category: "session", types: [type === "session.closed" ? "end" : "start"] };
    case "authentication":
      return { category: "authentication", types: ["start"] };
    case "configuration":
      return { category: "configuration", types: outcome === "failure" ? ["access"] : ["change"] };
    case "server":
    case "gateway":
      return SERVICE_KINDS[type] ?? { category: "process", types: ["info"] };
    default:
      return { category: "api", types: ["info"] };
  }
}

/** ECS knows no credentials of their own: a key is how somebody is known, and `iam` is about that. */
const KEY_KINDS: Partial<Readonly<Record<AuditRecord["type"], Kind>>> = {
  "key.created": { category: "iam", types: ["admin", "creation"] },
  "key.revoked": { category: "iam", types: ["admin", "deletion"] },
};

const SERVICE_KINDS: Partial<Readonly<Record<AuditRecord["type"], Kind>>> = {
  "server.registered": { category: "configuration", types: ["creation"] },
  "server.removed": { category: "configuration", types: ["deletion"] },
  "server.tools_changed": { category: "configuration", types: ["change"] },
  "server.approved": { category: "configuration", types: ["change"] },
  "server.rejected": { category: "configuration", types: ["change"] },
  "server.state_changed": { category: "process", types: ["change"] },
  "server.breaker_changed": { category: "process", types: ["change"] },
  "server.start_failed": { category: "process", types: ["start"] },
  "server.stopped": { category: "process", types: ["end"] },
  "gateway.started": { category: "process", types: ["start"] },
  "gateway.stopped": { category: "process", types: ["end"] },
};

function permission({ outcome, decision }: AuditRecord): readonly string[] {
  if (outcome === "denied") return ["denied"];
  return decision?.result === "allowed" ? ["allowed"] : [];
}
