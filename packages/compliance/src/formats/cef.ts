import { isIPv4, isIPv6 } from "node:net";
import type { AuditEntry } from "../audit-entry.ts";
import type { AuditFormat } from "../format.ts";
import { AUDIT_FIELDS, type AuditField, type FieldValue, fieldOf } from "./audit-fields.ts";
import { cutCodePoints, fieldText, visibleText } from "./field-text.ts";
import { describeType, PRODUCT, type Product } from "./product.ts";

/** A key of the extension. */
interface CefKey {
  readonly key: string;
  /** Characters, by the dictionary of the standard. */
  readonly charsMax: number;
  /** What a key that is free for any use means here; it is written beside it. */
  readonly label?: string;
  /** Which values may stand there; all when absent. */
  readonly accepts?: (text: string, value: FieldValue) => boolean;
}

/** Where a field stands: in the header, or under the first of these keys that accepts its value. */
type CefPlace = "header" | readonly CefKey[];

/** Longest texts, by the dictionary, of a usual key, which keys of our own are like, and of one that is free for any use. */
const USUAL = 1_023;
const FREE = 4_000;

/** Where each field stands. The standard's dictionary comes first; keys of our own are named as its guidelines say. */
const CEF_PLACES: Readonly<Record<AuditField, CefPlace>> = {
  schema_version: own("SchemaVersion"),
  // An id that is cut is none: two records would have the same.
  id: [{ key: "externalId", charsMax: 40, accepts: (text) => text.length <= 40 }, ...own("EventId")],
  time: [{ key: "rt", charsMax: 20, accepts: (text) => epochMs(text) !== undefined }, ...own("Time")],
  instance: [{ key: "deviceExternalId", charsMax: 255 }],
  type: [{ key: "cat", charsMax: USUAL }],
  code: "header",
  category: own("Category"),
  action: [{ key: "act", charsMax: 63 }],
  outcome: own("Outcome"),
  reason: [{ key: "reason", charsMax: USUAL }],
  severity: "header",
  "actor.type": own("ActorType"),
  "actor.id": [{ key: "suser", charsMax: USUAL }],
  "actor.credential": [{ key: "suid", charsMax: USUAL }],
  "actor.roles": [{ key: "spriv", charsMax: USUAL }],
  "actor.token_issuer": own("TokenIssuer"),
  "actor.token_subject": own("TokenSubject"),
  "actor.token_actors": own("TokenActors"),
  "actor.address": [
    { key: "src", charsMax: 16, accepts: isIPv4 },
    // A zone is no part of an address beyond its machine.
    { key: "c6a2", charsMax: 45, label: "Source IPv6 Address", accepts: (text) => isIPv6(text) && !text.includes("%") },
    { key: "shost", charsMax: USUAL },
  ],
  "actor.user_agent": [{ key: "requestClientApplication", charsMax: USUAL }],
  "actor.client_name": [{ key: "sourceServiceName", charsMax: USUAL }],
  "actor.client_version": own("ClientVersion"),
  "actor.transport": own("Transport"),
  "actor.session_id": free("cs3", "sessionId"),
  "target.kind": own("TargetKind"),
  "target.server": [{ key: "destinationServiceName", charsMax: USUAL }],
  "target.group": own("TargetGroup"),
  "target.name": free("cs1", "target"),
  "decision.result": own("DecisionResult"),
  "decision.by": free("cs6", "decidedBy"),
  trace_id: free("cs2", "traceId"),
  span_id: own("SpanId"),
  correlation_id: own("CorrelationId"),
  user_id: own("UserId"),
  user_session_id: own("UserSessionId"),
  duration_ms: [{ key: "cfp1", charsMax: 40, label: "durationMs" }],
  attempts: own("Attempts"),
  request_bytes: integer("in"),
  response_bytes: integer("out"),
  rpc_error_code: own("RpcErrorCode"),
  args_hash: own("ArgsHash"),
  "batch.id": own("BatchId"),
  "batch.index": own("BatchIndex"),
  "batch.attempt": own("BatchAttempt"),
  "usage.cost": [{ key: "cfp2", charsMax: 40, label: "cost" }],
  "usage.currency": own("Currency"),
  "usage.model": own("Model"),
  "usage.input_tokens": integer("cn2", "inputTokens"),
  "usage.output_tokens": integer("cn3", "outputTokens"),
  "change.before": free("cs4", "before"),
  "change.after": free("cs5", "after"),
  "gap.reason": own("GapReason"),
  "gap.count": own("GapCount"),
  "gap.from": own("GapFrom"),
  "gap.to": own("GapTo"),
  "gap.since": own("GapSince"),
  "gap.until": own("GapUntil"),
  "checkpoint.journal": own("CheckpointJournal"),
  "checkpoint.sequence": own("CheckpointSequence"),
  "checkpoint.hash": own("CheckpointHash"),
  "checkpoint.reason": own("CheckpointReason"),
  "checkpoint.key": own("CheckpointKey"),
  "checkpoint.signature": own("CheckpointSignature"),
  message: [{ key: "msg", charsMax: USUAL }],
  sequence: integer("cn1", "sequence"),
  hash: own("Hash"),
};

/** How the outcome stands under `outcome`, where systems look for one of two words. What nobody knows has none of them. */
const OUTCOMES: Readonly<Record<string, string | undefined>> = {
  success: "success",
  failure: "failure",
  denied: "failure",
  cancelled: "failure",
};

const HEADER_CHARS_MAX = { vendor: 63, product: 63, version: 31, classId: 1_023, name: 512 } as const;

/**
 * Common Event Format, implementation standard version 27, without a header of syslog: `CEF:0|vendor|product|version|code|what happened|
 * severity|key=value …`. Texts are cut to what the standard's dictionary allows; control characters other than CR and LF are shown by their
 * pictures.
 */
export class CefFormat implements AuditFormat {
  readonly name = "cef";
  readonly mediaType = "text/plain; charset=utf-8";
  readonly #head: string;

  constructor({ vendor, name, version }: Product = PRODUCT) {
    const { vendor: vendorMax, product: productMax, version: versionMax } = HEADER_CHARS_MAX;
    this.#head = `CEF:0|${header(vendor, vendorMax)}|${header(name, productMax)}|${header(version, versionMax)}`;
  }

  encode(entry: AuditEntry): string {
    const { record } = entry;
    const classId = header(record.code, HEADER_CHARS_MAX.classId);
    const name = header(describeType(record), HEADER_CHARS_MAX.name);
    return `${this.#head}|${classId}|${name}|${severity(record.severity)}|${extension(entry)}`;
  }
}

/** Where a field stands, in words, for the reference. */
export function cefPlace(field: AuditField): string {
  const place = CEF_PLACES[field];
  if (place === "header") return `in the header: ${field === "code" ? "event class id" : "severity"}`;
  return place
    .map(({ key, label, charsMax }) => `${key} (${label === undefined ? "" : `${label}; `}${charsMax})`)
    .join(", ");
}

function extension(entry: AuditEntry): string {
  const pairs: string[] = [];
  for (const field of AUDIT_FIELDS) {
    const place = CEF_PLACES[field];
    const value = fieldOf(entry, field);
    if (place === "header" || value === undefined) continue;
    const text = fieldText(value);
    const key = place.find(({ accepts }) => accepts?.(text, value) ?? true);
    if (key === undefined) continue;
    pairs.push(`${key.key}=${escaped(key.key === "rt" ? String(epochMs(text)) : text, key.charsMax)}`);
    if (key.label !== undefined) pairs.push(`${key.key}Label=${key.label}`);
  }
  return [...pairs, ...derived(entry)].join(" ");
}

/** What the dictionary has a key for, and follows from other fields. */
function derived({ record: { outcome, time, duration_ms } }: AuditEntry): readonly string[] {
  const end = epochMs(time);
  const word = OUTCOMES[outcome];
  return [
    ...(word === undefined ? [] : [`outcome=${word}`]),
    ...(end === undefined || duration_ms === undefined || !Number.isFinite(duration_ms)
      ? []
      : [`start=${Math.round(end - duration_ms)}`, `end=${end}`]),
  ];
}

/** Milliseconds since the epoch; the standard has no time before it. */
function epochMs(time: string): number | undefined {
  const ms = Date.parse(time);
  return ms >= 0 ? ms : undefined;
}

/** A value of the extension. It is cut before it is escaped, so that no escape is cut in two. */
function escaped(text: string, charsMax: number): string {
  const cut = cutCodePoints(text, charsMax);
  return LINE_BREAK.test(cut)
    ? cut
        .split(/([\r\n])/)
        .map(escapedPart)
        .join("")
    : escapedPart(cut);
}

const LINE_BREAK = /[\r\n]/;

function escapedPart(part: string): string {
  if (part === "\r") return "\\r";
  return part === "\n" ? "\\n" : visibleText(part).replaceAll(/[\\=]/g, "\\$&");
}

function header(text: string, charsMax: number): string {
  return cutCodePoints(visibleText(text), charsMax).replaceAll(/[\\|]/g, "\\$&");
}

function severity(value: number): number {
  return Math.min(10, Math.max(0, Math.round(value) || 0));
}

/** A key of our own: vendor and product, which are one here, and what it says. */
function own(name: string): readonly CefKey[] {
  return [{ key: `McpHangar${name}`, charsMax: USUAL }];
}

function free(key: string, label: string): readonly CefKey[] {
  return [{ key, charsMax: FREE, label }];
}

/** Systems refuse anything else there. */
function integer(key: string, label?: string): readonly CefKey[] {
  return [
    { key, charsMax: 20, ...(label !== undefined && { label }), accepts: (_, value) => Number.isSafeInteger(value) },
  ];
}
