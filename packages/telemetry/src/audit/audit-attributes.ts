/**
 * Names of the attributes that audit records have as OTLP log records, beside those of `HANGAR_ATTRIBUTES` and `OTEL_ATTRIBUTES` for what
 * calls and servers have in common with spans. They are public: searches are written with them.
 */
export const AUDIT_ATTRIBUTES = {
  /** The same for the same event in every export: a record that arrives twice is told by it. */
  eventId: "mcp.audit.event_id",
  /** The run of the gateway in which it happened; an earlier one than that of the resource when the record waited in a spool. */
  instance: "mcp.audit.instance",
  schemaVersion: "mcp.audit.schema_version",
  code: "mcp.audit.code",
  category: "mcp.audit.category",
  action: "mcp.audit.action",
  outcome: "mcp.audit.outcome",
  reason: "mcp.audit.reason",
  /** From 0 to 10. */
  severity: "mcp.audit.severity",
  targetKind: "mcp.audit.target.kind",
  targetName: "mcp.audit.target.name",
  before: "mcp.audit.change.before",
  after: "mcp.audit.change.after",
  durationMs: "mcp.audit.duration_ms",
  message: "mcp.audit.message",
  credential: "mcp.caller.credential",
  tokenIssuer: "mcp.caller.token.issuer",
  tokenSubject: "mcp.caller.token.subject",
  tokenActors: "mcp.caller.token.actors",
  clientName: "mcp.client.name",
  clientVersion: "mcp.client.version",
  clientTransport: "mcp.client.transport",
  userSessionId: "mcp.user.session_id",
  attempts: "mcp.attempts",
  requestBytes: "mcp.request.bytes",
  responseBytes: "mcp.response.bytes",
  /** Of a change of state: what it was. `mcp.server.state` is what it is now. */
  previousState: "mcp.server.previous_state",
  /** Of the record about records that are lost. */
  lostRecords: "mcp.audit.lost_records",
} as const;
