import { HANGAR_ATTRIBUTES as HANGAR, OTEL_ATTRIBUTES as OTEL, type SpanAttributes } from "@mcp-hangar/telemetry";

/** Values of one attribute that are kept; servers, tools and sessions beyond that are encoded each time. */
const VALUES_MAX = 256;
/** Characters of a value that is kept. */
const CHARS_MAX = 128;

/** Attributes that have few values, most of them the same from span to span. */
const REPEATED: readonly string[] = [
  HANGAR.serverId,
  HANGAR.serverMode,
  HANGAR.serverGroupId,
  HANGAR.toolName,
  HANGAR.toolStatus,
  HANGAR.toolColdStart,
  HANGAR.agentId,
  HANGAR.userId,
  HANGAR.batchIndex,
  HANGAR.batchAttempt,
  HANGAR.enforcementPolicyResult,
  HANGAR.enforcementPolicyName,
  HANGAR.enforcementAction,
  HANGAR.auditPrincipalType,
  HANGAR.auditPrincipalId,
  HANGAR.auditAuthenticated,
  HANGAR.auditAuthorized,
  HANGAR.callerType,
  HANGAR.callerId,
  HANGAR.costModel,
  HANGAR.costCurrency,
  OTEL.mcpMethodName,
  OTEL.mcpProtocolVersion,
  OTEL.mcpSessionId,
  OTEL.genAiOperationName,
  OTEL.genAiToolName,
  OTEL.networkTransport,
  OTEL.serverAddress,
  OTEL.serverPort,
  OTEL.clientAddress,
];

type Value = SpanAttributes[string];

/** Attributes as they were encoded, for those that come again with the same value. */
export class RepeatedAttributes {
  readonly #values: ReadonlyMap<string, Map<Value, Uint8Array>> = new Map(REPEATED.map((name) => [name, new Map()]));

  /** What was kept of an attribute. */
  get(name: string, value: Value): Uint8Array | undefined {
    return this.#values.get(name)?.get(value);
  }

  /** Whether it is worth keeping. */
  isRepeated(name: string, value: Value): boolean {
    return (
      this.#values.has(name) && typeof value !== "object" && (typeof value !== "string" || value.length <= CHARS_MAX)
    );
  }

  /** Keeps an attribute; the bytes must not change any more. */
  keep(name: string, value: Value, encoded: Uint8Array): void {
    const values = this.#values.get(name);
    // Those that are still in use come back at once.
    if (values !== undefined && values.size >= VALUES_MAX) values.clear();
    values?.set(value, encoded);
  }
}
