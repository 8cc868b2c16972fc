import type { CallFacts, TraceRef } from "@mcp-hangar/telemetry";
import type { LogLevel } from "../config/schema.ts";

/** One log line before it is redacted and formatted. */
export interface LogLine {
  readonly kind: "line";
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  readonly level: LogLevel;
  /** What happened, as a name: `http_listening`, `tool_invoked`. */
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly trace: TraceRef | undefined;
}

/** What is logged: a line, or a finished call, which becomes one when it is written. */
export type LogEntry = LogLine | CallFacts;

/** Turns a line into text that ends in a line break. */
export type LineFormat = (line: LogLine) => string;

/** The value of the field `service` on every line. */
export const SERVICE = "mcp-hangar";

const LEVEL_ORDER: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warning: 40, error: 50, critical: 60 };

/** Whether a line of `level` is written when `least` is configured. */
export function isEnabled(level: LogLevel, least: LogLevel): boolean {
  return LEVEL_ORDER[level] >= LEVEL_ORDER[least];
}
