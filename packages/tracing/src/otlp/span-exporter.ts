import type { SpanExporter } from "@opentelemetry/sdk-trace";
import type { OtlpDestination } from "./destination.ts";

/** How spans are sent, beyond where. */
export interface OtlpSettings {
  /** Headers, or metadata over gRPC, beside those of `OTEL_EXPORTER_OTLP_HEADERS`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds an export may take; `OTEL_EXPORTER_OTLP_TIMEOUT` or 10 s when absent. */
  readonly timeoutMs?: number | undefined;
}

/**
 * The exporter of the OpenTelemetry SDK for this destination. It reads certificates, compression, timeout and headers from the standard
 * variables. Only the one that is used is loaded: gRPC takes long.
 */
export async function createSpanExporter(
  { url, protocol }: OtlpDestination,
  { headers = {}, timeoutMs }: OtlpSettings = {},
): Promise<SpanExporter> {
  const common = { url, ...(timeoutMs === undefined ? {} : { timeoutMillis: timeoutMs }) };
  if (protocol === "http/protobuf") {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-proto");
    return new OTLPTraceExporter({ ...common, headers });
  }
  const [{ OTLPTraceExporter }, { Metadata }] = await Promise.all([
    import("@opentelemetry/exporter-trace-otlp-grpc"),
    import("@grpc/grpc-js"),
  ]);
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name.toLowerCase(), value);
  return new OTLPTraceExporter({ ...common, metadata });
}
