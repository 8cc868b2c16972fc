import { type CallFacts, redactText } from "@mcp-hangar/telemetry";
import type { Attributes } from "./otlp-json.ts";
import type { TraceIdentity } from "./trace-identity.ts";

/** Characters of what a client calls itself. */
const TEXT_CHARS_MAX = 200;

/** What Langfuse can filter by. Neither addresses nor roles of callers: they are in the audit records, and leave only with those. */
export function callMetadata(facts: CallFacts, { traceId, originalTraceId }: TraceIdentity): Attributes {
  const { reached, batch, client, trace } = facts;
  return {
    "langfuse.observation.metadata.call_id": facts.callId,
    "langfuse.observation.metadata.mcp_server": facts.server,
    "langfuse.observation.metadata.mcp_server_group": facts.group,
    "langfuse.observation.metadata.mcp_server_mode": reached?.mode,
    "langfuse.observation.metadata.tool": facts.tool,
    "langfuse.observation.metadata.status": facts.status,
    "langfuse.observation.metadata.cause": facts.cause,
    "langfuse.observation.metadata.rpc_error_code": facts.rpcErrorCode,
    "langfuse.observation.metadata.cold_start": facts.coldStart,
    "langfuse.observation.metadata.duration_ms": facts.durationMs,
    "langfuse.observation.metadata.waited_ms": Math.round(waitedSeconds(facts) * 1_000),
    "langfuse.observation.metadata.attempts": facts.attempts.length,
    "langfuse.observation.metadata.cost": facts.usage?.cost,
    "langfuse.observation.metadata.cost_currency": facts.usage?.currency,
    "langfuse.observation.metadata.request_bytes": reached?.requestBytes,
    "langfuse.observation.metadata.response_bytes": reached?.responseBytes,
    "langfuse.observation.metadata.origin": facts.origin,
    "langfuse.observation.metadata.caller": facts.caller.id,
    "langfuse.observation.metadata.caller_type": facts.caller.type,
    "langfuse.observation.metadata.client": clientText(client.name),
    "langfuse.observation.metadata.client_version": clientText(client.version),
    "langfuse.observation.metadata.batch_id": batch?.id,
    "langfuse.observation.metadata.batch_index": batch?.index,
    "langfuse.observation.metadata.batch_attempt": batch?.attempt,
    "langfuse.observation.metadata.original_trace_id": originalTraceId,
    "langfuse.observation.metadata.otel_trace_id":
      trace === undefined || trace.traceId === traceId ? undefined : trace.traceId,
  };
}

/** What a client says of itself may be any text. */
function clientText(text: string | undefined): string | undefined {
  return text === undefined ? undefined : redactText(text, TEXT_CHARS_MAX);
}

/** For slots and starts, over all attempts. */
function waitedSeconds({ attempts }: CallFacts): number {
  return attempts.reduce((sum, each) => sum + each.waitedSeconds + (each.coldStartSeconds ?? 0), 0);
}
