import {
  type AuditRecord,
  type AuditStamp,
  auditRecordOf,
  type EventIds,
  type HangarEvent,
  isAudited,
} from "@mcp-hangar/telemetry";

export interface AuditRecordsOptions {
  readonly ids: EventIds;
  /** Names the gateway among others. */
  readonly instance: string;
  /** Keyed digest of the arguments of a call (`argsHashOf`); there is none without. */
  readonly argsHash?: AuditStamp["argsHash"];
}

/** Makes the records of events for several sinks: those that ask for the same event in a row share one record. */
export function auditRecords({
  ids,
  instance,
  argsHash,
}: AuditRecordsOptions): (event: HangarEvent) => AuditRecord | undefined {
  // Not of the event itself, which would keep what it carries.
  let last: WeakRef<HangarEvent> | undefined;
  let record: AuditRecord | undefined;
  return (event) => {
    if (!isAudited(event.type)) return undefined;
    if (last?.deref() !== event) {
      record = auditRecordOf(event, { id: ids.of(event), instance, argsHash });
      last = new WeakRef(event);
    }
    return record;
  };
}
