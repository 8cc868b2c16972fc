import { type HrTime, SeverityNumber, TraceFlags } from "@opentelemetry/api";
import type { LineEntry, LineLevel } from "./line-entry.ts";
import { hrTime, type LogOrigin, type OtelLogRecord } from "./log-record.ts";

/** Names of events are global in OpenTelemetry; those of audit records begin with `mcp_hangar.` and their type. */
const EVENT_PREFIX = "mcp_hangar.log.";

const SEVERITIES: Readonly<Record<LineLevel, SeverityNumber>> = {
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warning: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  critical: SeverityNumber.FATAL,
};

/** The OTLP log record of a line: its fields are attributes under the names that they have in the log. Pure. */
export function lineRecordOf(
  { timeMs, observedMs, level, event, fields, trace }: LineEntry,
  origin: LogOrigin,
): OtelLogRecord {
  // It was written by `lineEntryOf`.
  const all = JSON.parse(fields) as Readonly<Record<string, AttributeValue>>;
  const { message } = all;
  const time: HrTime = hrTime(timeMs);
  return {
    ...origin,
    hrTime: time,
    hrTimeObserved: hrTime(observedMs),
    eventName: EVENT_PREFIX + event,
    severityNumber: SEVERITIES[level],
    severityText: level,
    body: typeof message === "string" ? `${event}: ${message}` : event,
    attributes: all,
    droppedAttributesCount: 0,
    ...(trace !== undefined && {
      spanContext: {
        traceId: trace.traceId,
        spanId: trace.spanId,
        traceFlags: trace.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
      },
    }),
  };
}

type AttributeValue = NonNullable<OtelLogRecord["attributes"]>[string];
