import type { OtlpDestination } from "@mcp-hangar/delivery/otlp";
import type { SpanExporter } from "@opentelemetry/sdk-trace";

/**
 * The exporter of the OpenTelemetry SDK for a destination, for its own processor. It reads certificates, compression, timeout and headers
 * from the standard variables; `headers` are sent beside those. Only the one that is used is loaded: gRPC takes long.
 */
export async function createSpanExporter(
  { url, protocol }: OtlpDestination,
  headers: Readonly<Record<string, string>> = {},
): Promise<SpanExporter> {
  if (protocol !== "grpc") {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-proto");
    return new OTLPTraceExporter({ url: url.href, headers });
  }
  const [{ OTLPTraceExporter }, { Metadata }] = await Promise.all([
    import("@opentelemetry/exporter-trace-otlp-grpc"),
    import("@grpc/grpc-js"),
  ]);
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name.toLowerCase(), value);
  return new OTLPTraceExporter({ url: `${url.protocol}//${url.host}`, metadata });
}
