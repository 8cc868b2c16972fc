import { ownEventId } from "../event-ids.ts";
import type { CallFinished, HangarEvent } from "../events.ts";
import type { AuditActor } from "./audit-actor.ts";
import { auditContent } from "./audit-content.ts";
import type { AuditCheckpoint, AuditGap } from "./audit-journal.ts";
import { auditText } from "./audit-text.ts";
import { AUDIT_TYPES, type AuditCategory, type AuditCode, type AuditOutcome, type AuditType } from "./audit-types.ts";
import { Remembered } from "./remembered.ts";

/**
 * Version of the shape of records. A field that is added leaves it as it is; one that is renamed, removed or means something else makes
 * it the next number.
 */
export const AUDIT_SCHEMA_VERSION = 1;

/** What kinds of things are acted on. */
export const AUDIT_TARGET_KINDS = [
  "tool",
  "resource",
  "prompt",
  "list",
  "session",
  "interface",
  "management",
  "key",
  "server",
  "configuration",
  "gateway",
  "journal",
] as const;

/** What was acted on. */
export interface AuditTarget {
  readonly kind: (typeof AUDIT_TARGET_KINDS)[number];
  /** The server; as the caller typed it where there is none of that name. */
  readonly server?: string;
  /** The group that was called, where `server` is its member. */
  readonly group?: string;
  /** The tool, URI, prompt, key …, as the caller named it. */
  readonly name?: string;
}

/** One attempt at one server. */
export interface AuditAttempt {
  readonly server: string;
  /** `success`, or why it failed. */
  readonly code: string;
  /** Waiting, start and the time at the server together. */
  readonly duration_ms: number;
}

/** What was before and after, in words, without secrets. */
export interface AuditChange {
  readonly before?: string;
  readonly after?: string;
}

/** What a server says that a call has cost; what it does not say is absent. */
export interface AuditUsage {
  /** In units of the currency. */
  readonly cost?: number;
  readonly currency?: string;
  readonly model?: string;
  readonly input_tokens?: number;
  readonly output_tokens?: number;
}

/** Why something that was to be captured is not there: it was larger than the limit, too much was under way, or it could not be encrypted. */
export const AUDIT_CAPTURE_OMISSIONS = ["too_large", "busy", "failed"] as const;
export type AuditCaptureOmission = (typeof AUDIT_CAPTURE_OMISSIONS)[number];

/** What a call was given and gave back, each encrypted to the key of those who may read it: compact JWE (RFC 7516). */
export interface AuditCaptured {
  readonly arguments?: string;
  readonly result?: string;
  /** Why one of them, or both, are missing. */
  readonly omitted?: AuditCaptureOmission;
}

/** What a record says of an event, besides which event it is. */
export interface AuditContent {
  readonly type: AuditType;
  /** The verb: `call`, the method of MCP, or the name of the operation. */
  readonly action: string;
  readonly outcome: AuditOutcome;
  /** Why, in one word, where it is not simply a success. */
  readonly reason?: string;
  /** Where it is not that of the type. */
  readonly severity?: number;
  readonly actor: AuditActor;
  readonly target: AuditTarget;
  /** What allowed or denied it. */
  readonly decision?: { readonly result: "allowed" | "denied"; readonly by: string };
  readonly trace_id?: string;
  readonly span_id?: string;
  /** What the caller calls their trace. */
  readonly correlation_id?: string;
  /** What the caller calls their user and their session; not proved. */
  readonly user_id?: string;
  readonly user_session_id?: string;
  /** Milliseconds, with microseconds as decimals. */
  readonly duration_ms?: number;
  /** The first of them, in their order; none when nothing was tried. */
  readonly attempts?: readonly AuditAttempt[];
  /** Sizes of all messages to and from servers. */
  readonly request_bytes?: number;
  readonly response_bytes?: number;
  readonly rpc_error_code?: number;
  /** Keyed digest of the arguments, by which equal ones are recognised. */
  readonly args_hash?: string;
  /** The place in a batch: position from 0, attempt from 1. */
  readonly batch?: { readonly id: string; readonly index: number; readonly attempt: number };
  /** What the server says that the call has cost. */
  readonly usage?: AuditUsage;
  readonly change?: AuditChange;
  /** Only where the configuration asks for it. */
  readonly captured?: AuditCaptured;
  /** Of `audit.gap`. */
  readonly gap?: AuditGap;
  /** Of `audit.checkpoint`. */
  readonly checkpoint?: AuditCheckpoint;
  /** What happened, in words. */
  readonly message?: string;
}

type RequiredField = "type" | "action" | "outcome" | "actor" | "target";

/** A content in which fields may stand without a value; its record does not have them. */
export type AuditDraft = Pick<AuditContent, RequiredField> & {
  readonly [Field in Exclude<keyof AuditContent, RequiredField>]?: AuditContent[Field] | undefined;
};

/**
 * One normalised audit record, of which OTLP logs, CEF, LEEF, syslog and JSON lines are formats. It is plain data with the names that it
 * has as JSON. It holds no arguments, no results and no secrets in clear text; every text has a limit. A field is there only where it says something.
 */
export interface AuditRecord extends AuditContent {
  readonly schema_version: typeof AUDIT_SCHEMA_VERSION;
  /** The same for the same event in every export. */
  readonly id: string;
  /** When it happened: ISO 8601 in UTC, with milliseconds. */
  readonly time: string;
  /** The gateway that writes it. */
  readonly instance: string;
  readonly code: AuditCode;
  readonly category: AuditCategory;
  /** From 0 to 10. */
  readonly severity: number;
}

/** What a record is stamped with. */
export interface AuditStamp {
  /** Id of the event (`EventIds`); the id that the event has of itself comes first. */
  readonly id: string;
  /** Names the gateway among others. */
  readonly instance: string;
  /** Keyed digest of the arguments of a call; there is none without. It takes time: a record with it is not made on the caller's. */
  readonly argsHash?: ((event: CallFinished) => string | undefined) | undefined;
}

/** The audit record of an event; `undefined` when it is none that auditors ask for. Pure: it keeps and changes nothing. */
export function auditRecordOf(event: HangarEvent, { id, instance, argsHash }: AuditStamp): AuditRecord | undefined {
  const content = auditContent(event);
  if (content === undefined) return undefined;
  const record = recordOf(content, { id: ownEventId(event) ?? id, instance }, event.timeMs);
  const hash = event.type === "call.finished" ? argsHash?.(event) : undefined;
  if (hash !== undefined) record.args_hash = hash;
  return record;
}

/** A record of its content: `timeMs` is when it happened, in milliseconds since the epoch. */
export function stampedRecord(content: AuditContent, stamp: AuditStamp, timeMs: number): AuditRecord {
  return recordOf(content, stamp, timeMs);
}

/** A record while it is made. */
type Growing = { -readonly [Field in keyof AuditRecord]: AuditRecord[Field] };

/** Field by field and by their names: to spread objects of many shapes would cost V8 more than everything else about a record. */
function recordOf(content: AuditDraft, { id, instance }: AuditStamp, timeMs: number): Growing {
  const { type, action, outcome, actor, target } = content;
  const { code, category, severity } = AUDIT_TYPES[type];
  const record: Growing = {
    schema_version: AUDIT_SCHEMA_VERSION,
    id,
    time: timeText(timeMs),
    instance: instanceText(instance),
    code,
    category,
    severity: content.severity ?? severity,
    type,
    action,
    outcome,
    actor,
    target,
  };
  takeOptional(content, record);
  return record;
}

/** Takes the fields that a record may be without. */
function takeOptional(content: AuditDraft, record: Growing): void {
  if (content.reason !== undefined) record.reason = content.reason;
  if (content.decision !== undefined) record.decision = content.decision;
  if (content.trace_id !== undefined) record.trace_id = content.trace_id;
  if (content.span_id !== undefined) record.span_id = content.span_id;
  if (content.correlation_id !== undefined) record.correlation_id = content.correlation_id;
  if (content.user_id !== undefined) record.user_id = content.user_id;
  if (content.user_session_id !== undefined) record.user_session_id = content.user_session_id;
  if (content.duration_ms !== undefined) record.duration_ms = content.duration_ms;
  if (content.attempts !== undefined) record.attempts = content.attempts;
  if (content.request_bytes !== undefined) record.request_bytes = content.request_bytes;
  if (content.response_bytes !== undefined) record.response_bytes = content.response_bytes;
  if (content.rpc_error_code !== undefined) record.rpc_error_code = content.rpc_error_code;
  if (content.args_hash !== undefined) record.args_hash = content.args_hash;
  if (content.batch !== undefined) record.batch = content.batch;
  if (content.usage !== undefined) record.usage = content.usage;
  if (content.change !== undefined) record.change = content.change;
  if (content.captured !== undefined) record.captured = content.captured;
  if (content.gap !== undefined) record.gap = content.gap;
  if (content.checkpoint !== undefined) record.checkpoint = content.checkpoint;
  if (content.message !== undefined) record.message = content.message;
}

const instances = new Remembered<{ readonly text: string }>();

/** All records of a gateway name it. */
function instanceText(instance: string): string {
  let found = instances.get(instance);
  if (found === undefined) {
    found = { text: auditText(instance) };
    instances.set(instance, found);
  }
  return found.text;
}

/** The time that was written last: records come many to a millisecond. */
let latest = { timeMs: 0, text: new Date(0).toISOString() };

function timeText(timeMs: number): string {
  if (latest.timeMs !== timeMs) latest = { timeMs, text: new Date(timeMs).toISOString() };
  return latest.text;
}
