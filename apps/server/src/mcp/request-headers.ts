import type { IncomingMessage } from "node:http";
import type { TraceCarrier } from "@mcp-hangar/telemetry";

/** The value of a header that may stand once; `undefined` when it is absent. */
export function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value.trim() : undefined;
}

/** The trace context of the headers. */
export function traceHeaders(request: IncomingMessage): TraceCarrier {
  return { traceparent: header(request, "traceparent"), tracestate: header(request, "tracestate") };
}
