export { type GovernanceAttributes, setGovernanceAttributes } from "./api/governance.ts";
export { initTracing, type TracingHandle, type TracingOptions, type TracingState } from "./api/init-tracing.ts";
export {
  extractTraceContext,
  getCurrentTraceId,
  type InjectOptions,
  injectTraceContext,
  withTraceContext,
} from "./api/propagation.ts";
export { type SpanValues, traceSpan } from "./api/trace-span.ts";
export type { OnDiagnostic } from "./diagnostics.ts";
export { checkTracing, type TracingPlace } from "./gateway/check-tracing.ts";
export type { PayloadOptions } from "./gateway/payload.ts";
export { TRACE_EXPORTER_NAME, TraceExporter, type TraceExporterOptions } from "./gateway/trace-exporter.ts";
export type { KeepOptions } from "./gateway/tracing-core.ts";
export { type Environment, type SpanProtocol, TracingConfigurationError } from "./otlp/destination.ts";
