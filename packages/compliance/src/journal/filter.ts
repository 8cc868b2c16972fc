import type { AuditRecord } from "@mcp-hangar/telemetry";

/** What records are looked for: those that have all of it. */
export interface AuditFilter {
  readonly types?: readonly string[] | undefined;
  readonly categories?: readonly string[] | undefined;
  readonly outcomes?: readonly string[] | undefined;
  readonly severityMin?: number | undefined;
  /** Name or credential of the actor. */
  readonly actor?: string | undefined;
  /** Server or group. */
  readonly server?: string | undefined;
  /** Name of the target: tool, URI, prompt, key. */
  readonly target?: string | undefined;
  /** Id of the event, the trace, the batch, the session, or what the caller calls their trace. */
  readonly id?: string | undefined;
  /** When it happened, in ms since the epoch: from, and before. */
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
}

/** Whether a filter lets a record through. */
export function matches(filter: AuditFilter, record: AuditRecord): boolean {
  const { types, categories, outcomes, severityMin = 0, actor, server, target, id } = filter;
  const { sinceMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY } = filter;
  const timeMs = Date.parse(record.time);
  return (
    isAmong(types, record.type) &&
    isAmong(categories, record.category) &&
    isAmong(outcomes, record.outcome) &&
    record.severity >= severityMin &&
    isOneOf(actor, [record.actor.id, record.actor.credential]) &&
    isOneOf(server, [record.target.server, record.target.group]) &&
    isOneOf(target, [record.target.name]) &&
    isOneOf(id, [
      record.id,
      record.trace_id,
      record.batch?.id,
      record.actor.session_id,
      record.correlation_id,
      record.user_session_id,
    ]) &&
    timeMs >= sinceMs &&
    timeMs < untilMs
  );
}

function isAmong(wanted: readonly string[] | undefined, found: string): boolean {
  return wanted === undefined || wanted.includes(found);
}

function isOneOf(wanted: string | undefined, found: readonly (string | undefined)[]): boolean {
  return wanted === undefined || found.includes(wanted);
}
