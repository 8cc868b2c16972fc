import type { AuditEntry } from "../audit-entry.ts";
import type { AuditFormat } from "../format.ts";
import { visibleText } from "./field-text.ts";
import { describeType } from "./product.ts";
import { parameters, VALUE_CHARS } from "./structured-data.ts";
import { SyslogHeader, type SyslogOptions } from "./syslog-header.ts";

/** Options of {@link SyslogFormat}. */
export interface StructuredSyslogOptions extends SyslogOptions {
  /** Private enterprise number in the name of the structured data; 32473 is the one for documentation (RFC 5612). */
  readonly enterpriseNumber?: number;
  /** Bytes of a message, from 4 096. rsyslog takes 8 096 unless it is told otherwise. */
  readonly bytesMax?: number;
}

const DOCUMENTATION = 32_473;
/** What the last of {@link VALUE_CHARS} needs at most, and a little less than rsyslog's default. */
const BYTES_MIN = 4_096;
const BYTES_MAX = 8_000;
const UDP_BYTES_MAX = 65_507;
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
