import { isIP } from "node:net";
import type { AuditEntry } from "../audit-entry.ts";
import type { AuditFormat } from "../format.ts";
import { AUDIT_FIELDS, type AuditField, fieldOf } from "./audit-fields.ts";
import { cutCodePoints, fieldText, visibleText } from "./field-text.ts";
import { PRODUCT, type Product } from "./product.ts";

/** Where a field stands: in the header, or under a key. Those that LEEF defines are first; each stands once. */
const LEEF_PLACES: Readonly<Record<AuditField, string>> = {
  schema_version: "schemaVersion",
  id: "eventUuid",
  time: "devTime",
  instance: "instance",
  type: "cat",
  code: "header",
  category: "category",
  action: "action",
  outcome: "outcome",
  reason: "reason",
  severity: "severity",
  "actor.type": "actorType",
  "actor.id": "usrName",
  "actor.credential": "credential",
  "actor.roles": "role",
  "actor.token_issuer": "tokenIssuer",
  "actor.token_subject": "tokenSubject",
  "actor.token_actors": "tokenActors",
  "actor.address": "src",
  "actor.user_agent": "userAgent",
  "actor.client_name": "clientName",
  "actor.client_version": "clientVersion",
  "actor.transport": "transport",
  "actor.session_id": "sessionId",
  "target.kind": "targetKind",
  "target.server": "server",
  "target.group": "group",
  "target.name": "resource",
  "decision.result": "decision",
  "decision.by": "policy",
  trace_id: "traceId",
  span_id: "spanId",
  correlation_id: "correlationId",
  user_id: "userId",
  user_session_id: "userSessionId",
  duration_ms: "durationMs",
  attempts: "attempts",
  request_bytes: "srcBytes",
  response_bytes: "dstBytes",
  rpc_error_code: "rpcErrorCode",
  args_hash: "argsHash",
  "batch.id": "batchId",
  "batch.index": "batchIndex",
  "batch.attempt": "batchAttempt",
  "usage.cost": "cost",
  "usage.currency": "currency",
  "usage.model": "model",
  "usage.input_tokens": "inputTokens",
  "usage.output_tokens": "outputTokens",
  "change.before": "before",
  "change.after": "after",
  "gap.reason": "gapReason",
  "gap.count": "gapCount",
  "gap.from": "gapFrom",
  "gap.to": "gapTo",
  "gap.since": "gapSince",
  "gap.until": "gapUntil",
  "checkpoint.journal": "checkpointJournal",
  "checkpoint.sequence": "checkpointSequence",
  "checkpoint.hash": "checkpointHash",
  "checkpoint.reason": "checkpointReason",
  "checkpoint.key": "checkpointKey",
  "checkpoint.signature": "checkpointSignature",
  message: "msg",
  sequence: "sequence",
  hash: "hash",
};

/** Where an address stands that is none of IP: `src` takes no other. */
const SOURCE_HOST = "srcHost";
/** Where a time stands that is none of `devTime`. */
const TIME_TEXT = "time";
/** Characters of a user's name, and of other values: longer texts than records have. */
const USER_CHARS_MAX = 255;
const VALUE_CHARS_MAX = 4_000;
/** Stands where a value has the delimiter, which LEEF cannot escape. */
const INSTEAD_OF_DELIMITER = "?";

/** Options of {@link LeefFormat}. */
export interface LeefOptions {
  /** One character, `^` by default, or its code in hexadecimal digits, such as `x09`. */
  readonly delimiter?: string;
  readonly product?: Product;
}

/**
 * Log Event Extended Format 2.0 of QRadar, without a header of syslog: `LEEF:2.0|vendor|product|version|code|delimiter|key=value…`. It has
 * no escapes: the delimiter in a value becomes `?`, and control characters are shown by their pictures. Throws for a delimiter that
 * could not be told from keys and values.
 */
export class LeefFormat implements AuditFormat {
  readonly name = "leef";
  readonly mediaType = "text/plain; charset=utf-8";
  readonly #head: string;
  readonly #tail: string;
  readonly #delimiter: string;

  constructor({ delimiter = "^", product: { vendor, name, version } = PRODUCT }: LeefOptions = {}) {
    this.#delimiter = characterOf(delimiter);
    this.#head = `LEEF:2.0|${header(vendor)}|${header(name)}|${header(version)}`;
    this.#tail = isPrintable(this.#delimiter) ? this.#delimiter : hexadecimal(this.#delimiter);
  }

  encode(entry: AuditEntry): string {
    const pairs: string[] = [];
    for (const field of AUDIT_FIELDS) {
      const value = fieldOf(entry, field);
      if (value !== undefined && LEEF_PLACES[field] !== "header") this.#add(pairs, field, fieldText(value));
    }
    pairs.push(`sev=${severity(entry.record.severity)}`);
    return `${this.#head}|${header(entry.record.code)}|${this.#tail}|${pairs.join(this.#delimiter)}`;
  }

  #add(pairs: string[], field: AuditField, text: string): void {
    const key = LEEF_PLACES[field];
    switch (field) {
      case "actor.address":
        return this.#push(pairs, isIP(text) === 0 || text.includes("%") ? SOURCE_HOST : key, text);
      case "actor.id":
        return this.#push(pairs, key, cutCodePoints(text, USER_CHARS_MAX));
      case "time": {
        const ms = Date.parse(text);
        return DEV_TIME.test(String(ms)) ? this.#push(pairs, key, String(ms)) : this.#push(pairs, TIME_TEXT, text);
      }
      default:
        return this.#push(pairs, key, text);
    }
  }

  #push(pairs: string[], key: string, text: string): void {
    const value = visibleText(cutCodePoints(text, VALUE_CHARS_MAX)).replaceAll(this.#delimiter, INSTEAD_OF_DELIMITER);
    pairs.push(`${key}=${value}`);
  }
}

/** Where a field stands, in words, for the reference. */
export function leefPlace(field: AuditField): string {
  const place = LEEF_PLACES[field];
  if (place === "header") return "in the header: event id";
  if (field === "actor.address") return `${place}, ${SOURCE_HOST}`;
  if (field === "time") return `${place}, ${TIME_TEXT}`;
  return field === "severity" ? `${place}, sev (from 1)` : place;
}

/** Milliseconds since the epoch, which need no `devTimeFormat` when they have 13 digits. */
const DEV_TIME = /^\d{13}$/;
const HEXADECIMAL = /^0?x([0-9a-f]{1,4})$/i;
/** What may not separate: letters and digits are in keys, and the others mean something of their own. */
const NO_DELIMITER = /[A-Za-z0-9=|?\s\\]/;

function characterOf(delimiter: string): string {
  const code = HEXADECIMAL.exec(delimiter)?.[1];
  const character = code === undefined ? delimiter : String.fromCharCode(Number.parseInt(code, 16));
  const isTab = character === "\t";
  if (character.length !== 1 || !(isTab || (isPrintable(character) && !NO_DELIMITER.test(character)))) {
    throw new RangeError(
      `${JSON.stringify(delimiter)} cannot separate attributes of LEEF: use one printable ASCII character other than letters, digits, space, "=", "|", "?" and "\\", or "x09".`,
    );
  }
  return character;
}

function isPrintable(character: string): boolean {
  return character > " " && character <= "~";
}

function hexadecimal(character: string): string {
  return `x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

function header(text: string): string {
  return cutCodePoints(visibleText(text), USER_CHARS_MAX).replaceAll("|", "/");
}

/** QRadar's severity begins at 1. */
function severity(value: number): number {
  return Math.min(10, Math.max(1, Math.round(value) || 1));
}
