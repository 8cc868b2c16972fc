/**
 * The closed enumerations that events, metrics, alerts and audit records share.
 * A value that is missing here cannot become a label, and a value added here reaches every consumer at compile time.
 */

/** How a finished tool call ended. */
export const CALL_STATUSES = ["success", "error", "timeout", "rejected", "cancelled"] as const;
export type CallStatus = (typeof CALL_STATUSES)[number];

/**
 * Why a call failed on the gateway's or the upstream's side. `upstream_rejected` and `upstream_auth` are answers of a
 * server that is alive: HTTP 4xx about the request or a result that is too large, and HTTP 401, 403 or 407 about the credentials it came with.
 */
export const ERROR_TYPES = [
  "tool_error",
  "upstream_error",
  "upstream_rejected",
  "upstream_auth",
  "timeout",
  "connection",
  "protocol",
  "start_failed",
  "circuit_open",
  "overloaded",
  "audit_unavailable",
  "internal",
] as const;
export type ErrorType = (typeof ERROR_TYPES)[number];

/** Why a call was refused on the caller's side: none of these is a failure of the fleet. */
export const REJECTION_REASONS = [
  "rate_limited",
  "access_denied",
  "invalid_request",
  "unknown_tool",
  "unauthenticated",
] as const;
export type RejectionReason = (typeof REJECTION_REASONS)[number];

/** The lists that servers offer. */
export const LIST_LABELS = ["tools", "prompts", "resources", "resource_templates"] as const;
export type ListLabel = (typeof LIST_LABELS)[number];

/** What the gateway does about an item of a list that clients could not read. */
export const LIST_FAULT_ACTIONS = ["mended", "left_out"] as const;
export type ListFaultAction = (typeof LIST_FAULT_ACTIONS)[number];

/** What an upstream answered a call with: `input_required` and `task` are answers, though not yet final results. */
export const RESULT_TYPES = ["complete", "input_required", "task"] as const;
export type ResultType = (typeof RESULT_TYPES)[number];

/** Which tokens a server says to have used: read, or written. */
export const TOKEN_KINDS = ["input", "output"] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];

/** Currencies that have a series of their own, by ISO 4217; any other, and none, becomes `_other`. */
export const CURRENCIES = ["USD", "EUR", "GBP", "JPY", "CNY", "_other"] as const;
export type CurrencyLabel = (typeof CURRENCIES)[number];

export const BATCH_RESULTS = ["success", "partial", "failure", "validation_error", "cancelled"] as const;
export type BatchResult = (typeof BATCH_RESULTS)[number];

export const BATCH_CANCELLATION_REASONS = ["timeout", "fail_fast", "client"] as const;
export type BatchCancellationReason = (typeof BATCH_CANCELLATION_REASONS)[number];

export const HEALTH_RESULTS = ["healthy", "unhealthy", "skipped"] as const;
export type HealthResult = (typeof HEALTH_RESULTS)[number];

/** Server states in the order of their gauge values: cold is 0, dead is 4. */
export const SERVER_STATES = ["cold", "initializing", "ready", "degraded", "dead"] as const;
export type ServerStateName = (typeof SERVER_STATES)[number];

/** Circuit breaker states in the order of their gauge values: closed is 0, open is 2. */
export const BREAKER_STATES = ["closed", "half_open", "open"] as const;
export type BreakerStateName = (typeof BREAKER_STATES)[number];

/** What made the state of a server change: an input of its lifecycle. */
export const STATE_CAUSES = [
  "start_requested",
  "opened",
  "open_failed",
  "session_ended",
  "check_succeeded",
  "check_failed",
  "stop_requested",
] as const;
export type StateCause = (typeof STATE_CAUSES)[number];

export const SERVER_MODES = ["subprocess", "docker", "remote", "group"] as const;
export type ServerMode = (typeof SERVER_MODES)[number];

export const START_RESULTS = ["success", "failure"] as const;
export type StartResult = (typeof START_RESULTS)[number];

export const STOP_REASONS = ["idle", "requested", "crashed", "reload", "shutdown"] as const;
export type StopReason = (typeof STOP_REASONS)[number];

/** Why the idle sweep collected a server: unused for its time to live, or no longer announced by its discovery source. */
export const COLLECTION_REASONS = ["idle", "expired"] as const;
export type CollectionReason = (typeof COLLECTION_REASONS)[number];

export const HTTP_METHODS = ["GET", "POST", "DELETE"] as const;
export type HttpMethod = (typeof HTTP_METHODS)[number];

/**
 * HTTP statuses that are worth a series of their own; any other becomes `_other`.
 * `error` is a request that got no response at all (refused, reset, timed out, TLS failure).
 */
export const HTTP_STATUSES = [
  "200",
  "202",
  "204",
  "301",
  "302",
  "307",
  "308",
  "400",
  "401",
  "403",
  "404",
  "405",
  "406",
  "408",
  "409",
  "413",
  "415",
  "422",
  "429",
  "500",
  "501",
  "502",
  "503",
  "504",
  "error",
  "_other",
] as const;
export type HttpStatusLabel = (typeof HTTP_STATUSES)[number];

const httpStatusSet: ReadonlySet<string> = new Set(HTTP_STATUSES);

/** Folds a response status code into the closed set of {@link HTTP_STATUSES}. */
export function httpStatusLabel(statusCode: number): HttpStatusLabel {
  const text = String(statusCode);
  // The membership test is the proof of the cast.
  return httpStatusSet.has(text) ? (text as HttpStatusLabel) : "_other";
}

/** Directions are seen from the gateway: `sent` goes to the upstream. */
export const MESSAGE_DIRECTIONS = ["sent", "received"] as const;
export type MessageDirection = (typeof MESSAGE_DIRECTIONS)[number];

export const MESSAGE_KINDS = ["request", "response", "notification", "error"] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];

/** What an exporter carries: rules and panels tell audit records from what may be lost by it, never by the exporter's name. */
export const EXPORT_SIGNALS = ["log", "metrics", "traces", "audit", "history"] as const;
export type ExportSignal = (typeof EXPORT_SIGNALS)[number];

/** `damaged` is what a spool could not read any more. */
export const DROP_REASONS = ["queue_full", "rejected", "retries_exhausted", "shutdown", "damaged", "sampled"] as const;
export type DropReason = (typeof DROP_REASONS)[number];

export const EXPORT_FAILURE_REASONS = ["connection", "timeout", "rejected", "io", "encoding"] as const;
export type ExportFailureReason = (typeof EXPORT_FAILURE_REASONS)[number];

/**
 * Why the gateway refused something, or ended a connection, to keep memory and connections within their limits:
 * no room for a request body or an answer, a client that took nothing of an answer in time, a connection beyond the
 * limits, a subscription beyond the limits.
 */
export const LOAD_SHED_REASONS = ["buffered_bytes", "unread_answer", "connections", "subscriptions"] as const;
export type LoadShedReason = (typeof LOAD_SHED_REASONS)[number];

/** Whether a session of one caller or client is used by a request or a subscription; one that is idle may have to go for another. */
export const SESSION_USES = ["in_use", "idle"] as const;
export type SessionUse = (typeof SESSION_USES)[number];

export const RELOAD_RESULTS = ["success", "failure"] as const;
export type ReloadResult = (typeof RELOAD_RESULTS)[number];

/** What asked for a reload: a changed file, SIGHUP, or somebody over a door of the gateway. */
export const RELOAD_TRIGGERS = ["file", "signal", "request"] as const;
export type ReloadTrigger = (typeof RELOAD_TRIGGERS)[number];

/** How a caller proved who it is; `local` is whoever runs the process over stdio or the library. */
export const CALLER_TYPES = ["anonymous", "local", "api_key", "jwt"] as const;
export type CallerType = (typeof CALLER_TYPES)[number];

/** Through which door a call came in. */
export const CALL_ORIGINS = ["mcp", "batch", "rest", "library"] as const;
export type CallOrigin = (typeof CALL_ORIGINS)[number];

/** What carries requests to the gateway; `library` is a program that calls it as a function. */
export const CLIENT_TRANSPORTS = ["http", "stdio", "library"] as const;
export type ClientTransport = (typeof CLIENT_TRANSPORTS)[number];

/** The methods of MCP that a client can send, apart from `tools/call`; whatever else it sends is `_other`. */
export const REQUEST_METHODS = [
  "initialize",
  "ping",
  "server/discover",
  "tools/list",
  "prompts/list",
  "prompts/get",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "resources/subscribe",
  "resources/unsubscribe",
  "completion/complete",
  "logging/setLevel",
  "subscriptions/listen",
  "tasks/get",
  "tasks/result",
  "tasks/list",
  "tasks/cancel",
  "_other",
] as const;
export type RequestMethod = (typeof REQUEST_METHODS)[number];

/** What decided whether a caller may do something. */
export const DECISIONS = ["allowed", "denied"] as const;

/** Doors of the gateway that can stay shut. */
export const DOORS = ["mcp", "rest", "metrics", "other"] as const;
export type Door = (typeof DOORS)[number];

/**
 * Why somebody whose credentials are good, or who needs none, was not let in: a Host that is not served, an Origin of a foreign page,
 * a permission that no role of theirs has, a server that their roles do not reach, an address of which too many requests were refused.
 */
export const DENIAL_REASONS = ["host", "origin", "permission", "not_reached", "address_limited"] as const;
export type DenialReason = (typeof DENIAL_REASONS)[number];

/**
 * Why a caller could not prove who it is, or was not asked to try: no credentials, credentials of a kind that is not accepted or that are
 * not valid, an address that is locked out, an issuer whose keys cannot be fetched.
 */
export const AUTHENTICATION_FAILURES = [
  "no_credentials",
  "several_credentials",
  "unusable_credentials",
  "api_keys_not_accepted",
  "tokens_not_accepted",
  "malformed_api_key",
  "unknown_api_key",
  "revoked_api_key",
  "expired_api_key",
  "malformed_token",
  "token_too_large",
  "token_of_other_type",
  "token_bound_to_a_key",
  "token_lives_too_long",
  "token_of_the_future",
  "token_of_unknown_key",
  "token_algorithm_not_allowed",
  "token_with_wrong_signature",
  "token_with_wrong_iss",
  "token_with_wrong_aud",
  "token_with_wrong_exp",
  "token_with_wrong_nbf",
  "token_with_wrong_claim",
  "expired_token",
  "unusable_caller_id",
  "insufficient_scope",
  "issuer_unavailable",
  "locked_out",
  "client_left",
] as const;
export type AuthenticationFailure = (typeof AUTHENTICATION_FAILURES)[number];

/** What an operation of the management does to the gateway. */
export const OPERATION_EFFECTS = ["read", "change", "destroy"] as const;
export type OperationEffect = (typeof OPERATION_EFFECTS)[number];

/** Why an operation of the management was not done, apart from what is said of a server ({@link ERROR_TYPES}) and of a caller ({@link REJECTION_REASONS}). */
export const OPERATION_FAILURES = [
  "audit_disabled",
  "cancelled",
  "conflict",
  "defined_elsewhere",
  "forbidden",
  "history_disabled",
  "history_unavailable",
  "invalid_config",
  "is_group",
  "key_of_config",
  "keys_not_managed",
  "keys_not_writable",
  "last_admin_key",
  "mode_not_allowed",
  "name_taken",
  "not_decided",
  "reload_disabled",
  "too_many_servers",
  "too_many_streams",
  "unknown_continuation",
  "unknown_group",
  "unknown_key",
  "unknown_member",
  "unknown_server",
  "unknown_source",
  "validation_error",
] as const;
/** Of these, what says that the caller may not do it, although they may use the operation: 403 over REST. */
export const FORBIDDEN_OPERATION: readonly OperationOutcome[] = ["forbidden", "mode_not_allowed"];

export type OperationFailureCode = (typeof OPERATION_FAILURES)[number] | ErrorType | RejectionReason;

/** How an operation of the management ended: `done`, or why not. */
export type OperationOutcome = "done" | OperationFailureCode;

export const OPERATION_RESULTS = ["success", "failure"] as const;
export type OperationResult = (typeof OPERATION_RESULTS)[number];

/** Why a client's session ended. */
export const SESSION_END_REASONS = [
  "client",
  "expired",
  "displaced",
  "access_ended",
  "server_removed",
  "shutdown",
] as const;
export type SessionEndReason = (typeof SESSION_END_REASONS)[number];

/** How a definition in a list of tools differs from the last one. */
export const TOOL_CHANGES = ["added", "removed", "changed"] as const;
export type ToolChange = (typeof TOOL_CHANGES)[number];

/** What registered a server: the configuration file, a discovery source, or a call of the management interface. */
export const REGISTRATION_ORIGINS = ["config", "discovery", "runtime"] as const;
export type RegistrationOrigin = (typeof REGISTRATION_ORIGINS)[number];
