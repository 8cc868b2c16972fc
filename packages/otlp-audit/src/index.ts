export {
  type OtlpDestination,
  type OtlpDestinationOptions,
  type OtlpProtocol,
  otlpLogsDestination,
} from "./destination.ts";
export type { LineLevel, LogLineRecord } from "./line-entry.ts";
export {
  type AuditSpoolOptions,
  OTLPAuditExporter,
  type OTLPAuditExporterOptions,
} from "./otlp-audit-exporter.ts";
export { OTLPLogExporter, type OTLPLogExporterOptions } from "./otlp-log-exporter.ts";
export { auditResource } from "./resource.ts";
