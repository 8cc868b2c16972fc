import type { Clock } from "@mcp-hangar/delivery";
import { type AuditRecord, auditRecordOf, type HangarEvent, registeredName } from "@mcp-hangar/telemetry";
import type { AuditEntry, AuditFormat, SinkEntry } from "../../src/index.ts";

export const INSTANCE = "gateway-1";

/** The clock of this process. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  defer: (callback) => void setImmediate(callback),
};

/** A format for tests: the id and the message, as JSON. */
export const testFormat: AuditFormat = {
  name: "test-json",
  mediaType: "application/x-ndjson",
  encode: ({ record: { id, message } }) => JSON.stringify({ id, message }),
};

/** An event that is audited, whose record has `text` for a message. */
export function eventOf(number: number, text = `message ${number}`): HangarEvent {
  return {
    type: "server.start_finished",
    timeMs: Date.UTC(2026, 0, 31, 8, 0, 0, 123) + number,
    server: registeredName("math"),
    result: "failure",
    durationSeconds: 1,
    diagnosis: text,
  };
}

/** A record like that of an event. */
export function recordOf(number: number, changes: Partial<AuditRecord> = {}): AuditRecord {
  const record = auditRecordOf(
    { type: "gateway.started", timeMs: Date.UTC(2026, 0, 31, 8, 0, 0, 123) + number, version: "1.2.3" },
    { id: idOf(number), instance: INSTANCE },
  );
  if (record === undefined) throw new Error("it is audited");
  return { ...record, message: `message ${number}`, ...changes };
}

function idOf(number: number): string {
  return `r-${number}`;
}

/** Entries from one number on. */
export function entriesOf(count: number, begin = 0): readonly AuditEntry[] {
  return Array.from({ length: count }, (_each, at) => ({ record: recordOf(begin + at) }));
}

/** Entries as a sink gets them. */
export function sinkEntriesOf(count: number, begin = 0): readonly SinkEntry[] {
  return entriesOf(count, begin).map((entry) => ({ ...entry, text: testFormat.encode(entry) }));
}

export function idsOf(count: number, begin = 0): readonly string[] {
  return Array.from({ length: count }, (_each, at) => idOf(begin + at));
}

/** The id in a text of the test's format. Throws when it is not whole. */
export function idIn(text: string): string {
  const value: unknown = JSON.parse(text);
  if (typeof value === "object" && value !== null && "id" in value && typeof value.id === "string") return value.id;
  throw new Error(`no record: ${text}`);
}

/** Each id once, in the order in which they came first. */
export function distinct(ids: readonly string[]): readonly string[] {
  return [...new Set(ids)];
}
