export type { AuditEntry, JournalPlace, TextBytes } from "./audit-entry.ts";
export type { AuditExporter } from "./exporters/audit-exporter.ts";
export type { AuditOutput, CallbackOutput, FileOutput, StderrOutput, SyslogOutput } from "./exporters/audit-output.ts";
export { CEFExporter, JSONLinesExporter, LEEFExporter, SyslogExporter } from "./exporters/exporters.ts";
export { type AuditDestination, type AuditExporterOptions, FormatExporter } from "./exporters/format-exporter.ts";
export { machineClock } from "./exporters/machine.ts";
export { auditRecord, type OwnRecord } from "./exporters/own-record.ts";
export type { AuditFormat } from "./format.ts";
export { CefFormat } from "./formats/cef.ts";
export { EcsFormat } from "./formats/ecs.ts";
export { JsonLinesFormat } from "./formats/json-lines.ts";
export { LeefFormat, type LeefOptions } from "./formats/leef.ts";
export { OcsfFormat } from "./formats/ocsf.ts";
export { PRODUCT, type Product } from "./formats/product.ts";
export { SplunkHecFormat, type SplunkHecOptions } from "./formats/splunk-hec.ts";
export { type StructuredSyslogOptions, SyslogEnvelope, SyslogFormat } from "./formats/syslog.ts";
export type { SyslogOptions } from "./formats/syslog-header.ts";
export * from "./journal/index.ts";
export type { AuditSink, SinkEntry } from "./sink.ts";
export { type AuditRecordsOptions, auditRecords } from "./sinks/audit-records.ts";
export { type CallbackResult, type CallbackSinkOptions, callbackSink, RecordsRefused } from "./sinks/callback-sink.ts";
export { type FileRotation, FileSink, type FileSinkOptions } from "./sinks/file/file-sink.ts";
export type { FileRetention } from "./sinks/file/rotated-files.ts";
export { SplunkSink, type SplunkSinkOptions } from "./sinks/http/splunk-sink.ts";
export { WebhookSink, type WebhookSinkOptions } from "./sinks/http/webhook-sink.ts";
export { journalFeed } from "./sinks/journal-feed.ts";
export { type RecordFilter, recordFilter } from "./sinks/record-filter.ts";
export { type S3Credentials, S3Sink, type S3SinkOptions } from "./sinks/s3/s3-sink.ts";
export { type SendRecordsOptions, sendRecords } from "./sinks/send-records.ts";
export {
  type BusSource,
  type FeedSource,
  type OfferSource,
  SinkExporter,
  type SinkExporterOptions,
} from "./sinks/sink-exporter.ts";
export type { OpenFeed, SinkFeed, SinkFeedParts } from "./sinks/sink-feed.ts";
export { StreamSink, type StreamSinkOptions } from "./sinks/stream-sink.ts";
export { StreamSyslogSink, type StreamSyslogSinkOptions } from "./sinks/syslog/stream-syslog-sink.ts";
export { UdpSyslogSink, type UdpSyslogSinkOptions } from "./sinks/syslog/udp-sink.ts";
export type { TlsFiles } from "./sinks/tls-files.ts";
