/** Severities of the gateway's log. */
export type LineLevel = "debug" | "info" | "warning" | "error" | "critical";

/** A line of the log that may leave the gateway: without secrets. */
export interface LogLineRecord {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  readonly level: LineLevel;
  /** What happened, as a name: `http_listening`. */
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly trace: { readonly traceId: string; readonly spanId: string; readonly sampled: boolean } | undefined;
}

/** What waits to be sent: a line whose fields are text, so that it keeps nothing of the gateway alive and its size is known. */
export interface LineEntry extends Omit<LogLineRecord, "fields"> {
  /** JSON of an object. */
  readonly fields: string;
  readonly observedMs: number;
}

/** Throws when the fields cannot be written as JSON. */
export function lineEntryOf({ fields, ...line }: LogLineRecord, observedMs: number): LineEntry {
  return { ...line, fields: JSON.stringify(fields), observedMs };
}

/** Bytes that an entry takes in memory, roughly. */
export function lineSizeOf({ fields }: LineEntry): number {
  return 300 + fields.length;
}
