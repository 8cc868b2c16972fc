import { hostname } from "node:os";
import type { AuditRecord } from "@mcp-hangar/telemetry";
import { cutCodePoints } from "./field-text.ts";

/** What the header of a syslog message says of the sender. */
export interface SyslogOptions {
  /** 0 to 23; 13 is "log audit", 16 to 23 are for local use. */
  readonly facility?: number;
  readonly appName?: string;
  /** Of this machine by default. */
  readonly hostname?: string;
  readonly processId?: string;
}

/** 13 is "log audit" of RFC 5424, section 6.2.1. */
const LOG_AUDIT = 13;
const FACILITY_MAX = 23;
const APP_NAME = "mcp-hangar";
/** Characters, by RFC 5424, section 6. */
const HEADER_CHARS_MAX = { hostname: 255, appName: 48, processId: 128, messageId: 32 } as const;
/** Types of which is remembered what was written. */
const TYPES_MAX = 128;
const NIL = "-";
/** RFC 3339 with three digits of a second, as records have it; years beyond 9999 have no form there. */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Writes `<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID` of RFC 5424. Throws for a facility that there is none of. */
export class SyslogHeader {
  readonly #facility: number;
  readonly #sender: string;
  /** What was written before, by severity and by type. */
  readonly #priorities: string[] = [];
  readonly #senders = new Map<string, string>();

  constructor({
    facility = LOG_AUDIT,
    appName = APP_NAME,
    hostname: host = hostname(),
    processId = NIL,
  }: SyslogOptions) {
    if (!Number.isInteger(facility) || facility < 0 || facility > FACILITY_MAX) {
      throw new RangeError(`${facility} is no facility of syslog: use a whole number from 0 to ${FACILITY_MAX}.`);
    }
    this.#facility = facility;
    const { hostname: hostMax, appName: appMax, processId: processMax } = HEADER_CHARS_MAX;
    this.#sender = `${word(host, hostMax)} ${word(appName, appMax)} ${word(processId, processMax)}`;
  }

  of(record: AuditRecord): string {
    const { severity, time, type } = record;
    const timestamp = TIMESTAMP.test(time) ? time : NIL;
    return `${this.#priorityOf(severity)}${timestamp}${this.#senderOf(type)}`;
  }

  #priorityOf(severity: number): string {
    const level = syslogSeverity(severity);
    this.#priorities[level] ??= `<${this.#facility * 8 + level}>1 `;
    return this.#priorities[level];
  }

  /** What stands behind the time. */
  #senderOf(type: string): string {
    const known = this.#senders.get(type);
    if (known !== undefined) return known;
    const made = [` ${this.#sender} `, word(type, HEADER_CHARS_MAX.messageId)].join("");
    if (this.#senders.size < TYPES_MAX) this.#senders.set(type, made);
    return made;
  }
}

/** The severity of syslog: 2 is critical, 3 error, 4 warning, 5 notice, 6 informational. */
function syslogSeverity(severity: number): number {
  if (severity >= 9) return 2;
  if (severity >= 8) return 3;
  if (severity >= 5) return 4;
  return severity >= 4 ? 5 : 6;
}

const WORD = /^[!-~]*$/;

/** A word of the header: printable ASCII without spaces. */
function word(text: string, charsMax: number): string {
  const printable = WORD.test(text) ? text : text.replaceAll(/[^!-~]/g, "_");
  return cutCodePoints(printable, charsMax) || NIL;
}
