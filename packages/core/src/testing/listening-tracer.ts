import { type CallTracer, passThroughTracer, type SpanAttributes } from "@mcp-hangar/telemetry";

/** A tracer that makes no spans and tells of the moments that are marked in calls. */
export function listeningTracer(onEvent: (name: string, attributes?: SpanAttributes) => void): CallTracer {
  return {
    ...passThroughTracer,
    startCall(start) {
      const span = passThroughTracer.startCall(start);
      return {
        trace: span.trace,
        event: onEvent,
        startAttempt: (server) => span.startAttempt(server),
        end: (outcome) => span.end(outcome),
      };
    },
  };
}
