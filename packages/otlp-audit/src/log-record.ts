import { AUDIT_ATTRIBUTES, AUDIT_TYPES, type AuditRecord } from "@mcp-hangar/telemetry";
import type { HrTime, SpanContext } from "@opentelemetry/api";
import type { ProtobufLogsSerializer } from "@opentelemetry/otlp-transformer";
import type { AuditEntry, LossEntry } from "./audit-entry.ts";
import { recordAttributes } from "./record-attributes.ts";
import { ERROR, severityOf } from "./severity.ts";

/** What OpenTelemetry's serializer takes. */
export type OtelLogRecord = Parameters<(typeof ProtobufLogsSerializer)["serializeRequest"]>[0][number];

/** What all records of a gateway share. */
export type LogOrigin = Pick<OtelLogRecord, "resource" | "instrumentationScope">;

/** A spool may hold records of a type that only another release knows. */
const DESCRIPTIONS: Readonly<Record<string, { readonly description: string } | undefined>> = AUDIT_TYPES;

/** Before the type of a record: event names are global in OpenTelemetry. */
const EVENT_PREFIX = "mcp_hangar.";
const LOSS_EVENT = "mcp_hangar.audit.records_lost";

/** The OTLP log record of an audit record. Pure. */
export function logRecordOf(entry: AuditEntry, origin: LogOrigin): OtelLogRecord {
  return entry.kind === "loss" ? lossRecord(entry, origin) : auditLogRecord(entry.record, entry.observedMs, origin);
}

function auditLogRecord(record: AuditRecord, observedMs: number, origin: LogOrigin): OtelLogRecord {
  const severity = severityOf(record);
  const spanContext = spanContextOf(record);
  return {
    ...origin,
    hrTime: hrTime(Date.parse(record.time)),
    hrTimeObserved: hrTime(observedMs),
    eventName: EVENT_PREFIX + record.type,
    severityNumber: severity.number,
    severityText: severity.text,
    body: DESCRIPTIONS[record.type]?.description ?? record.type,
    attributes: recordAttributes(record),
    droppedAttributesCount: 0,
    ...(spanContext !== undefined && { spanContext }),
  };
}

function lossRecord({ id, lost, observedMs }: LossEntry, origin: LogOrigin): OtelLogRecord {
  return {
    ...origin,
    hrTime: hrTime(observedMs),
    hrTimeObserved: hrTime(observedMs),
    eventName: LOSS_EVENT,
    severityNumber: ERROR.number,
    severityText: ERROR.text,
    body: "Audit records were lost on their way here: the trail has a hole.",
    attributes: { [AUDIT_ATTRIBUTES.eventId]: id, [AUDIT_ATTRIBUTES.lostRecords]: lost },
    droppedAttributesCount: 0,
  };
}

const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;

/** The span that the record belongs to. Records do not know whether it was sampled. */
function spanContextOf({ trace_id: traceId = "", span_id: spanId = "" }: AuditRecord): SpanContext | undefined {
  if (!TRACE_ID.test(traceId)) return undefined;
  return { traceId, spanId: SPAN_ID.test(spanId) ? spanId : "", traceFlags: 0 };
}

/** OpenTelemetry's time: seconds and nanoseconds. */
export function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}
