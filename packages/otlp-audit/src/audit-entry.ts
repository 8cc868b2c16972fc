import type { AuditRecord } from "@mcp-hangar/telemetry";

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

/** Bytes that an entry takes in memory, roughly: texts of any length count, everything else is about as large in each. */
export function roughSizeOf(entry: AuditEntry): number {
  if (entry.kind === "loss") return 200;
  const { message = "", change } = entry.record;
  return 1_500 + message.length + (change?.before?.length ?? 0) + (change?.after?.length ?? 0);
}

/** Whose an entry is when its origin can make any number of them: a flood of refused requests drives out its own records first. */
export function talkativeOriginOf(entry: AuditEntry): string | undefined {
  if (entry.kind === "loss") return undefined;
  const { type, category, outcome, actor } = entry.record;
  const isRefusal =
    outcome === "denied" || (category === "authentication" && outcome !== "success") || type.endsWith(".invalid");
  return isRefusal ? `${type} ${actor.credential ?? ""} ${actor.address ?? ""}` : undefined;
}

/** The checksum of the spool says that they are our own bytes; a record of another release may have fields that this one does not know. */
function isEntry(value: unknown): value is AuditEntry {
  if (typeof value !== "object" || value === null) return false;
  const { kind, record, observedMs } = value as Readonly<Record<string, unknown>>;
  return typeof observedMs === "number" && (kind === "loss" || (kind === "record" && typeof record === "object"));
}
