export {
  type OtlpDestination,
  type OtlpDestinationOptions,
  type OtlpProtocol,
  otlpResource as auditResource,
  resourceProblem,
} from "@mcp-hangar/delivery/otlp";
export { otlpLogsDestination } from "./destination.ts";
export type { LineLevel, LogLineRecord } from "./line-entry.ts";
export {
  type AuditSpoolOptions,
  OTLPAuditExporter,
  type OTLPAuditExporterOptions,
} from "./otlp-audit-exporter.ts";
export { OTLPLogExporter, type OTLPLogExporterOptions } from "./otlp-log-exporter.ts";
