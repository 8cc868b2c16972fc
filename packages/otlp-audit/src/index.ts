export {
  type OtlpDestination,
  type OtlpDestinationOptions,
  type OtlpProtocol,
  otlpLogsDestination,
} from "./destination.ts";
export {
  type AuditSpoolOptions,
  OTLPAuditExporter,
  type OTLPAuditExporterOptions,
} from "./otlp-audit-exporter.ts";
export { auditResource } from "./resource.ts";
