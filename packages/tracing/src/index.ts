export type { OnDiagnostic } from "./diagnostics.ts";
export type { PayloadOptions } from "./gateway/payload.ts";
export { TRACE_EXPORTER_NAME, TraceExporter, type TraceExporterOptions } from "./gateway/trace-exporter.ts";
export type { KeepOptions, MayHaveBaggage } from "./gateway/tracing-core.ts";
export {
  type Environment,
  OTLP_PROTOCOLS,
  type OtlpDestination,
  type OtlpProtocol,
  otlpDestination,
  TracingConfigurationError,
} from "./otlp/destination.ts";
