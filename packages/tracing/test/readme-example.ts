import {
  getCurrentTraceId,
  initTracing,
  injectTraceContext,
  setGovernanceAttributes,
  traceSpan,
  withTraceContext,
} from "@mcp-hangar/tracing";

// Sends spans where OTEL_EXPORTER_OTLP_ENDPOINT says; without it, everything below works and nothing is sent.
export const tracing = await initTracing({ serviceName: "weather" });

/** A tool of an MCP server: `meta` is `params._meta` of the call, with the trace context of whoever calls. */
export function forecast(city: string, meta: Record<string, unknown> | undefined): Promise<object> {
  return withTraceContext(meta, () =>
    traceSpan("forecast", { "weather.city": city }, async (span) => {
      setGovernanceAttributes(span, { toolName: "forecast", callerId: "ada", costCents: 2 });
      // What is called from here continues the trace: the same goes for the headers of an HTTP request.
      const params = { name: "lookup", arguments: { city }, _meta: injectTraceContext({}) };
      return { sent: params, trace: getCurrentTraceId() };
    }),
  );
}
