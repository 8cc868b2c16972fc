import { type CallFacts, redactText } from "@mcp-hangar/telemetry";
import type { Attributes } from "./otlp-json.ts";
import type { TraceIdentity } from "./trace-identity.ts";

/** Characters of what a client calls itself. */
const TEXT_CHARS_MAX = 200;

/** What Langfuse can filter by. Neither addresses nor roles of callers: they are in the audit records, and leave only with those. */
export function callMetadata(facts: CallFacts, { traceId, originalTraceId }: TraceIdentity): Attributes {
  const { reached, batch, client, trace } = facts;
  const entries: Attributes = {
    call_id: facts.callId,
    mcp_server: facts.server,
    mcp_server_group: facts.group,
    mcp_server_mode: reached?.mode,
    tool: facts.tool,
    status: facts.status,
    cause: facts.cause,
    rpc_error_code: facts.rpcErrorCode,
    cold_start: facts.coldStart,
    duration_ms: facts.durationMs,
    waited_ms: Math.round(waitedSeconds(facts) * 1_000),
    attempts: facts.attempts.length,
    cost: facts.usage?.cost,
    cost_currency: facts.usage?.currency,
    request_bytes: reached?.requestBytes,
    response_bytes: reached?.responseBytes,
    origin: facts.origin,
    caller: facts.caller.id,
    caller_type: facts.caller.type,
    client: clientText(client.name),
    client_version: clientText(client.version),
    batch_id: batch?.id,
    batch_index: batch?.index,
    batch_attempt: batch?.attempt,
    original_trace_id: originalTraceId,
    otel_trace_id: trace === undefined || trace.traceId === traceId ? undefined : trace.traceId,
  };
  return Object.fromEntries(
    Object.entries(entries).map(([key, value]) => [`langfuse.observation.metadata.${key}`, value]),
  );
}

/** What a client says of itself may be any text. */
function clientText(text: string | undefined): string | undefined {
  return text === undefined ? undefined : redactText(text, TEXT_CHARS_MAX);
}

/** For slots and starts, over all attempts. */
function waitedSeconds({ attempts }: CallFacts): number {
  return attempts.reduce((sum, each) => sum + each.waitedSeconds + (each.coldStartSeconds ?? 0), 0);
}
