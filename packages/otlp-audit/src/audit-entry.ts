import { type AuditRecord, auditOriginOf, auditRecordBytes } from "@mcp-hangar/telemetry";

/** What waits to be sent, as plain data: records are encoded for OTLP when they leave, so that a later release can send what this one kept. */
export type AuditEntry = RecordEntry | LossEntry;

interface RecordEntry {
  readonly kind: "record";
  readonly record: AuditRecord;
  /** When the exporter saw it, in ms since the epoch. */
  readonly observedMs: number;
}

/** Says that records are missing. */
export interface LossEntry {
  readonly kind: "loss";
  /** Unlike that of any other entry. */
  readonly id: string;
  readonly lost: number;
  readonly observedMs: number;
}

/** The bytes of an entry in a spool. */
export function bytesOf(entry: AuditEntry): Uint8Array {
  return Buffer.from(JSON.stringify(entry));
}

/**
 * The entry that bytes of a spool are.
 * @throws SyntaxError when they are none.
 */
export function entryOf(bytes: Uint8Array): AuditEntry {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString());
  if (!isEntry(value)) throw new SyntaxError("no audit record");
  return value;
}

/** Bytes that an entry takes in memory, roughly. */
export function roughSizeOf(entry: AuditEntry): number {
  return entry.kind === "loss" ? 200 : auditRecordBytes(entry.record);
}

/** Whose an entry is when its origin can make any number of them. */
export function talkativeOriginOf(entry: AuditEntry): string | undefined {
  return entry.kind === "loss" ? undefined : auditOriginOf(entry.record);
}

/** The checksum of the spool says that they are our own bytes; a record of another release may have fields that this one does not know. */
function isEntry(value: unknown): value is AuditEntry {
  if (typeof value !== "object" || value === null) return false;
  const { kind, record, observedMs } = value as Readonly<Record<string, unknown>>;
  return typeof observedMs === "number" && (kind === "loss" || (kind === "record" && typeof record === "object"));
}
