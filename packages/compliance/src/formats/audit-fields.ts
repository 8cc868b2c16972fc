import type { AuditAttempt, AuditRecord } from "@mcp-hangar/telemetry";
import type { AuditEntry } from "../audit-entry.ts";

/** What a field of a record holds. A list is never empty. */
export type FieldValue = string | number | readonly string[] | readonly AuditAttempt[];

/**
 * Every field of an audit record but what was captured, which only whole records have, under the path that it has as JSON, and the two of
 * its place in a journal. Each format says of each of
 * them where it stands, so that a field which is added here does not compile before every format has a place for it.
 */
export const READERS = {
  schema_version: ({ record }) => record.schema_version,
  id: ({ record }) => record.id,
  time: ({ record }) => record.time,
  instance: ({ record }) => record.instance,
  type: ({ record }) => record.type,
  code: ({ record }) => record.code,
  category: ({ record }) => record.category,
  action: ({ record }) => record.action,
  outcome: ({ record }) => record.outcome,
  reason: ({ record }) => record.reason,
  severity: ({ record }) => record.severity,
  "actor.type": ({ record }) => record.actor.type,
  "actor.id": ({ record }) => record.actor.id,
  "actor.credential": ({ record }) => record.actor.credential,
  "actor.roles": ({ record }) => record.actor.roles,
  "actor.token_issuer": ({ record }) => record.actor.token_issuer,
  "actor.token_subject": ({ record }) => record.actor.token_subject,
  "actor.token_actors": ({ record }) => record.actor.token_actors,
  "actor.address": ({ record }) => record.actor.address,
  "actor.user_agent": ({ record }) => record.actor.user_agent,
  "actor.client_name": ({ record }) => record.actor.client_name,
  "actor.client_version": ({ record }) => record.actor.client_version,
  "actor.transport": ({ record }) => record.actor.transport,
  "actor.session_id": ({ record }) => record.actor.session_id,
  "target.kind": ({ record }) => record.target.kind,
  "target.server": ({ record }) => record.target.server,
  "target.group": ({ record }) => record.target.group,
  "target.name": ({ record }) => record.target.name,
  "decision.result": ({ record }) => record.decision?.result,
  "decision.by": ({ record }) => record.decision?.by,
  trace_id: ({ record }) => record.trace_id,
  span_id: ({ record }) => record.span_id,
  correlation_id: ({ record }) => record.correlation_id,
  user_id: ({ record }) => record.user_id,
  user_session_id: ({ record }) => record.user_session_id,
  duration_ms: ({ record }) => record.duration_ms,
  attempts: ({ record }) => record.attempts,
  request_bytes: ({ record }) => record.request_bytes,
  response_bytes: ({ record }) => record.response_bytes,
  rpc_error_code: ({ record }) => record.rpc_error_code,
  args_hash: ({ record }) => record.args_hash,
  "batch.id": ({ record }) => record.batch?.id,
  "batch.index": ({ record }) => record.batch?.index,
  "batch.attempt": ({ record }) => record.batch?.attempt,
  "usage.cost": ({ record }) => record.usage?.cost,
  "usage.currency": ({ record }) => record.usage?.currency,
  "usage.model": ({ record }) => record.usage?.model,
  "usage.input_tokens": ({ record }) => record.usage?.input_tokens,
  "usage.output_tokens": ({ record }) => record.usage?.output_tokens,
  "change.before": ({ record }) => record.change?.before,
  "change.after": ({ record }) => record.change?.after,
  "gap.reason": ({ record }) => record.gap?.reason,
  "gap.count": ({ record }) => record.gap?.count,
  "gap.from": ({ record }) => record.gap?.from,
  "gap.to": ({ record }) => record.gap?.to,
  "gap.since": ({ record }) => record.gap?.since,
  "gap.until": ({ record }) => record.gap?.until,
  "checkpoint.journal": ({ record }) => record.checkpoint?.journal,
  "checkpoint.sequence": ({ record }) => record.checkpoint?.sequence,
  "checkpoint.hash": ({ record }) => record.checkpoint?.hash,
  "checkpoint.reason": ({ record }) => record.checkpoint?.reason,
  "checkpoint.key": ({ record }) => record.checkpoint?.key,
  "checkpoint.signature": ({ record }) => record.checkpoint?.signature,
  message: ({ record }) => record.message,
  sequence: ({ place }) => place?.sequence,
  hash: ({ place }) => place?.hash,
} satisfies Readonly<Record<string, (entry: AuditEntry) => FieldValue | undefined>>;

/** The path of a field, such as `actor.id`. */
export type AuditField = keyof typeof READERS;

/** All of them, in the order in which text formats write them. */
// `Object.keys` gives the keys of an object of ours, which are exactly these.
export const AUDIT_FIELDS = Object.keys(READERS) as readonly AuditField[];

/** Fields that follow each other, with what their values are likely to be. */
export interface AuditPart {
  /** The object in a record; the record itself for fields that are of none, `undefined` where the record has no such object. */
  readonly of: (record: AuditRecord) => object | undefined;
  /** `shared`: the object is the same in many records, and nobody can change it then; `alike`: its values are; `own` otherwise. */
  readonly kind: "shared" | "alike" | "own";
  readonly fields: readonly AuditField[];
}

/** Objects in records that hold several fields. */
const PARTS: Readonly<Record<string, AuditPart["of"] | undefined>> = {
  actor: ({ actor }) => actor,
  target: ({ target }) => target,
  decision: ({ decision }) => decision,
  batch: ({ batch }) => batch,
  usage: ({ usage }) => usage,
  change: ({ change }) => change,
  gap: ({ gap }) => gap,
  checkpoint: ({ checkpoint }) => checkpoint,
};
const SHARED: ReadonlySet<string> = new Set(["actor", "target"]);
/** Fields of few values, which go together mostly. */
const ALIKE: ReadonlySet<string> = new Set<AuditField>([
  "instance",
  "type",
  "code",
  "category",
  "action",
  "outcome",
  "reason",
  "severity",
  "decision.result",
  "decision.by",
]);

/** {@link AUDIT_FIELDS} by the part, for formats that pass over what a record does not have. */
export const AUDIT_PARTS: readonly AuditPart[] = partsOf(AUDIT_FIELDS);

function partsOf(fields: readonly AuditField[]): readonly AuditPart[] {
  const parts: { readonly name: string; readonly kind: AuditPart["kind"]; readonly fields: AuditField[] }[] = [];
  for (const field of fields) {
    const [first = ""] = field.split(".", 1);
    const name = PARTS[first] === undefined ? "" : first;
    const kind = SHARED.has(name) ? "shared" : ALIKE.has(field) ? "alike" : "own";
    const last = parts.at(-1);
    if (last?.name === name && last.kind === kind) last.fields.push(field);
    else parts.push({ name, kind, fields: [field] });
  }
  return parts.map(({ name, kind, fields: own }) => ({ of: PARTS[name] ?? ((record) => record), kind, fields: own }));
}

/** What a record says in a field; `undefined` where it says nothing. */
export function fieldOf(entry: AuditEntry, field: AuditField): FieldValue | undefined {
  const value: FieldValue | undefined = READERS[field](entry);
  return value === undefined || isEmpty(value) ? undefined : value;
}

/** Whether a value says nothing. */
export function isEmpty(value: FieldValue): boolean {
  return typeof value === "object" ? value.every((one) => one === "") : value === "";
}
