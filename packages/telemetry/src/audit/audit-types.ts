/** What audit records are about. */
export const AUDIT_CATEGORIES = [
  "tool",
  "request",
  "session",
  "authentication",
  "access",
  "management",
  "server",
  "configuration",
  "gateway",
  "audit",
] as const;
export type AuditCategory = (typeof AUDIT_CATEGORIES)[number];

/** How something ended: `unknown` is what was accepted, and whose end the gateway has not seen. */
export const AUDIT_OUTCOMES = ["success", "failure", "denied", "cancelled", "unknown"] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** What is said of each type of record. */
interface AuditTypeDefinition {
  /** Short and stable, for formats that identify events by a code. A code is never given to another type. */
  readonly code: string;
  readonly category: AuditCategory;
  /** From 0, of no interest, to 10, worth waking somebody for; of the usual case where events differ. */
  readonly severity: number;
  readonly description: string;
}

/**
 * Every type of audit record. Names and codes are public: rules of SIEM systems are written with them, so they are added to, and
 * neither renamed nor used again.
 */
export const AUDIT_TYPES = {
  "tool.call.completed": {
    code: "MH1000",
    category: "tool",
    severity: 2,
    description: "A tool was called and answered.",
  },
  "tool.call.failed": {
    code: "MH1001",
    category: "tool",
    severity: 5,
    description: "A tool was called, and the tool, its server or the gateway failed.",
  },
  "tool.call.timed_out": {
    code: "MH1002",
    category: "tool",
    severity: 5,
    description: "A tool was called and did not answer in time; it may have done its work.",
  },
  "tool.call.denied": {
    code: "MH1003",
    category: "tool",
    severity: 7,
    description: "A caller may not call this tool, or did not prove who they are.",
  },
  "tool.call.rate_limited": {
    code: "MH1004",
    category: "tool",
    severity: 5,
    description: "The rate limit refused a call.",
  },
  "tool.call.cancelled": {
    code: "MH1005",
    category: "tool",
    severity: 3,
    description: "The client left or cancelled the call.",
  },
  "tool.call.invalid": {
    code: "MH1006",
    category: "tool",
    severity: 4,
    description: "A call named a tool that does not exist, or was malformed.",
  },
  "tool.call.intended": {
    code: "MH1007",
    category: "tool",
    severity: 1,
    description: "A tool is about to be called; without a record of its end, nobody knows whether it was.",
  },
  "tool.task.completed": {
    code: "MH1010",
    category: "tool",
    severity: 2,
    description: "A task that a tool call had begun ended with a result.",
  },
  "tool.task.failed": {
    code: "MH1011",
    category: "tool",
    severity: 5,
    description: "A task failed at its server, or was lost with it.",
  },
  "tool.task.timed_out": {
    code: "MH1012",
    category: "tool",
    severity: 5,
    description: "A task had not ended when its lifetime was over; it may have done its work.",
  },
  "tool.task.cancelled": {
    code: "MH1013",
    category: "tool",
    severity: 3,
    description: "A task was cancelled by its client, or by its server.",
  },
  "request.completed": {
    code: "MH1100",
    category: "request",
    severity: 1,
    description: "Another request of MCP was answered: resources, prompts, lists, subscriptions.",
  },
  "request.failed": {
    code: "MH1101",
    category: "request",
    severity: 4,
    description: "Another request of MCP failed at its server or in the gateway.",
  },
  "request.timed_out": {
    code: "MH1102",
    category: "request",
    severity: 4,
    description: "Another request of MCP was not answered in time.",
  },
  "request.denied": {
    code: "MH1103",
    category: "request",
    severity: 7,
    description: "A caller may not make this request.",
  },
  "request.rate_limited": {
    code: "MH1104",
    category: "request",
    severity: 5,
    description: "The rate limit refused another request of MCP.",
  },
  "request.cancelled": {
    code: "MH1105",
    category: "request",
    severity: 2,
    description: "The client left or cancelled the request.",
  },
  "request.invalid": {
    code: "MH1106",
    category: "request",
    severity: 3,
    description: "Another request of MCP was malformed or named something that does not exist.",
  },
  "request.intended": {
    code: "MH1107",
    category: "request",
    severity: 1,
    description: "Another request of MCP is about to be sent to a server; its end has a record of its own.",
  },
  "session.opened": {
    code: "MH2000",
    category: "session",
    severity: 1,
    description: "A client of a legacy revision opened a session.",
  },
  "session.closed": {
    code: "MH2001",
    category: "session",
    severity: 1,
    description: "A session ended; the reason says why.",
  },
  "authentication.failed": {
    code: "MH2100",
    category: "authentication",
    severity: 7,
    description: "Credentials were missing, wrong, expired or locked out.",
  },
  "authentication.succeeded": {
    code: "MH2101",
    category: "authentication",
    severity: 1,
    description:
      "A caller proved who they are: once an hour for each credential, address and interface, and whenever a session opens.",
  },
  "access.denied": {
    code: "MH2200",
    category: "access",
    severity: 7,
    description: "An interface refused a request with 403: a permission, a host or an origin is missing.",
  },
  "operation.completed": {
    code: "MH3000",
    category: "management",
    severity: 4,
    description: "An operation of the management was done; the action names it.",
  },
  "operation.failed": {
    code: "MH3001",
    category: "management",
    severity: 5,
    description: "An operation of the management was not done; the reason says why.",
  },
  "operation.denied": {
    code: "MH3002",
    category: "management",
    severity: 7,
    description: "A caller may use an operation of the management, and not for what it was asked to do.",
  },
  "operation.rate_limited": {
    code: "MH3003",
    category: "management",
    severity: 5,
    description: "The rate limit refused an operation of the management.",
  },
  "operation.intended": {
    code: "MH3004",
    category: "management",
    severity: 1,
    description: "An operation of the management is about to be done; its end has a record of its own.",
  },
  "key.created": {
    code: "MH3100",
    category: "management",
    severity: 6,
    description: "An API key was created.",
  },
  "key.revoked": {
    code: "MH3101",
    category: "management",
    severity: 5,
    description: "An API key was revoked for good.",
  },
  "server.registered": {
    code: "MH4000",
    category: "server",
    severity: 3,
    description: "A server or group became part of the fleet.",
  },
  "server.removed": {
    code: "MH4001",
    category: "server",
    severity: 4,
    description: "A server or group left the fleet.",
  },
  "server.state_changed": {
    code: "MH4002",
    category: "server",
    severity: 2,
    description: "A server changed its state.",
  },
  "server.start_failed": {
    code: "MH4003",
    category: "server",
    severity: 7,
    description: "A server did not start.",
  },
  "server.stopped": { code: "MH4004", category: "server", severity: 3, description: "A server stopped." },
  "server.tools_changed": {
    code: "MH4005",
    category: "server",
    severity: 6,
    description: "Definitions of a server's tools are others than before.",
  },
  "server.breaker_changed": {
    code: "MH4006",
    category: "server",
    severity: 3,
    description: "The circuit breaker of a server or group changed its state.",
  },
  "server.approved": {
    code: "MH4007",
    category: "server",
    severity: 5,
    description: "Somebody let a server that was discovered be called.",
  },
  "server.rejected": {
    code: "MH4008",
    category: "server",
    severity: 5,
    description: "Somebody keeps a server that was discovered from being called.",
  },
  "configuration.reloaded": {
    code: "MH5000",
    category: "configuration",
    severity: 4,
    description: "A changed configuration came into force.",
  },
  "configuration.reload_failed": {
    code: "MH5001",
    category: "configuration",
    severity: 7,
    description: "A changed configuration was refused; the one before stays in force.",
  },
  "gateway.started": { code: "MH6000", category: "gateway", severity: 3, description: "The gateway serves." },
  "gateway.stopped": { code: "MH6001", category: "gateway", severity: 3, description: "The gateway ended in order." },
  "audit.gap": {
    code: "MH7000",
    category: "audit",
    severity: 9,
    description: "Records are missing from the journal; the record says which or how many, and why.",
  },
  "audit.checkpoint": {
    code: "MH7001",
    category: "audit",
    severity: 1,
    description:
      "The journal signs where it stands: whoever keeps this record can tell later whether all before it is there.",
  },
} as const satisfies Readonly<Record<string, AuditTypeDefinition>>;

export type AuditType = keyof typeof AUDIT_TYPES;
export type AuditCode = (typeof AUDIT_TYPES)[AuditType]["code"];
