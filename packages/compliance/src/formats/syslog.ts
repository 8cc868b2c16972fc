import type { AuditEntry } from "../audit-entry.ts";
import type { AuditFormat } from "../format.ts";
import { isUnchangeable } from "../unchangeable.ts";
import { AUDIT_PARTS, type AuditField, type FieldValue, isEmpty, READERS } from "./audit-fields.ts";
import { cutCodePoints, fieldText, visibleText } from "./field-text.ts";
import { describeType } from "./product.ts";
import { SyslogHeader, type SyslogOptions } from "./syslog-header.ts";

/** Options of {@link SyslogFormat}. */
export interface StructuredSyslogOptions extends SyslogOptions {
  /** Private enterprise number in the name of the structured data; 32473 is the one for documentation (RFC 5612). */
  readonly enterpriseNumber?: number;
  /** Bytes of a message, from 4 096. rsyslog takes 8 096 unless it is told otherwise. */
  readonly bytesMax?: number;
}

const DOCUMENTATION = 32_473;
/** What the last of `VALUE_CHARS` needs at most, and a little less than rsyslog's default. */
const BYTES_MIN = 4_096;
const BYTES_MAX = 8_000;
const UDP_BYTES_MAX = 65_507;
/** Characters that a value has at first, and when a message is too long. With the last of them every message fits {@link BYTES_MIN}. */
const VALUE_CHARS = [4_000, 1_000, 400, 100, 40, 10, 3] as const;
/** These are never cut: a record is recognised, and its chain followed and its signature checked, by them. */
const UNCUT: ReadonlySet<AuditField> = new Set([
  "id",
  "hash",
  "time",
  "type",
  "code",
  "checkpoint.hash",
  "checkpoint.signature",
]);
const UNCUT_CHARS = 200;

/**
 * A whole message of RFC 5424 with the record as structured data: `[mcpHangar@32473 id="…" actor.id="…" …]`, its parameters named as the
 * fields of the record, and what happened in words after it. Control characters are shown by their pictures, because structured data has
 * no escape for them and some framings end a message at a line feed. Where a message would be longer than `bytesMax`, its longest values
 * are cut. Throws for options that RFC 5424 does not allow.
 */
export class SyslogFormat implements AuditFormat {
  readonly name = "syslog";
  readonly mediaType = "text/plain; charset=utf-8";
  readonly #header: SyslogHeader;
  readonly #element: string;
  readonly #bytesMax: number;

  constructor({ enterpriseNumber = DOCUMENTATION, bytesMax = BYTES_MAX, ...sender }: StructuredSyslogOptions = {}) {
    if (!Number.isSafeInteger(enterpriseNumber) || enterpriseNumber < 1) {
      throw new RangeError(
        `${enterpriseNumber} is no private enterprise number: use the whole number that IANA gave you.`,
      );
    }
    if (!(bytesMax >= BYTES_MIN && bytesMax <= UDP_BYTES_MAX)) {
      throw new RangeError(`Messages of ${bytesMax} bytes cannot be had: use ${BYTES_MIN} to ${UDP_BYTES_MAX}.`);
    }
    this.#header = new SyslogHeader(sender);
    this.#element = `mcpHangar@${enterpriseNumber}`;
    this.#bytesMax = bytesMax;
  }

  encode(entry: AuditEntry): string {
    const head = this.#header.of(entry.record);
    const tail = visibleText(describeType(entry.record));
    let message = "";
    for (const charsMax of VALUE_CHARS) {
      message = `${head} [${this.#element}${parameters(entry, charsMax)}] ${tail}`;
      // No character takes more than three bytes for each of its units.
      if (message.length * 3 <= this.#bytesMax || Buffer.byteLength(message) <= this.#bytesMax) break;
    }
    return message;
  }
}

/** A message of RFC 5424 that carries a record in another format, without structured data. */
export class SyslogEnvelope implements AuditFormat {
  readonly name: string;
  readonly mediaType = "text/plain; charset=utf-8";
  readonly #header: SyslogHeader;
  readonly #content: AuditFormat;

  constructor(content: AuditFormat, sender: SyslogOptions = {}) {
    this.name = `syslog+${content.name}`;
    this.#header = new SyslogHeader(sender);
    this.#content = content;
  }

  encode(entry: AuditEntry): string {
    return `${this.#header.of(entry.record)} - ${this.#content.encode(entry)}`;
  }
}

/** Text that stands in structured data as it is. */
const PLAIN = /^[ !#-[^-~]*$/;

function parameterValue(text: string, charsMax: number): string {
  if (text.length <= charsMax && PLAIN.test(text)) return text;
  return cutCodePoints(visibleText(text), charsMax).replaceAll(/["\\\]]/g, "\\$&");
}

/** A parameter of the structured data: how its value is read, what stands before it, and whether it is cut. */
interface Parameter {
  readonly read: (entry: AuditEntry) => FieldValue | undefined;
  readonly head: string;
  readonly isCut: boolean;
}

const PARAMETERS = AUDIT_PARTS.map((part) => ({
  ...part,
  parameters: part.fields.map(
    (field): Parameter => ({ read: READERS[field], head: ` ${field}="`, isCut: !UNCUT.has(field) }),
  ),
  /** Those of objects that many records share and nobody can change, with values of the first of {@link VALUE_CHARS}. */
  known: new WeakMap<object, string>(),
}));

function parameters(entry: AuditEntry, charsMax: number): string {
  let text = "";
  for (const part of PARAMETERS) {
    const object = part.of(entry.record);
    if (object === undefined) continue;
    const isKept = part.isShared && charsMax === VALUE_CHARS[0];
    const known = isKept ? part.known.get(object) : undefined;
    const own = known ?? parametersOf(entry, part.parameters, charsMax);
    if (isKept && known === undefined && isUnchangeable(object)) part.known.set(object, own);
    text += own;
  }
  return text;
}

function parametersOf(entry: AuditEntry, list: readonly Parameter[], charsMax: number): string {
  let text = "";
  for (const { read, head, isCut } of list) {
    const value = read(entry);
    if (value === undefined || isEmpty(value)) continue;
    text += `${head}${parameterValue(fieldText(value), isCut ? charsMax : UNCUT_CHARS)}"`;
  }
  return text;
}
