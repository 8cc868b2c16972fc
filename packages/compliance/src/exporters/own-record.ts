import { hostname } from "node:os";
import { type AuditContent, type AuditRecord, stampedRecord } from "@mcp-hangar/telemetry";
import { machineClock, newRecordId } from "./machine.ts";

/** What a program says of something that it has seen itself. */
export interface OwnRecord extends AuditContent {
  /** Tells the record from every other one; a new one without it. */
  readonly id?: string;
  /** When it happened; now without it. */
  readonly time?: Date;
  /** Who writes the record; this machine without it. */
  readonly instance?: string;
}

/**
 * A record of something that no gateway has told of, for exporters that are used alone. Its type gives code, category and, where you say
 * none, severity. Texts are taken as they are: leave secrets out.
 * @throws RangeError for a time that is none
 */
export function auditRecord(own: OwnRecord): AuditRecord {
  const { id = newRecordId(), time = new Date(machineClock.wallMs()), instance = hostname(), ...content } = own;
  return stampedRecord(content, { id, instance }, time.getTime());
}
