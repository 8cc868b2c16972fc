import type { AuditFormat } from "@mcp-hangar/compliance";
import { BUILD } from "../build-info.ts";
import type { CompliancePackage } from "./create-compliance.ts";
import type { RecordFormat } from "./record-formats.ts";
import { type SinkOptions, UDP_BYTES_MAX } from "./sink-options.ts";

/** What of a sink's options says how records are written. */
type FormatOptions = Partial<{
  readonly leef_delimiter: string | undefined;
  readonly facility: number | undefined;
  readonly app_name: string | undefined;
  readonly enterprise_number: number | undefined;
  readonly max_message_bytes: number | undefined;
  readonly index: string | undefined;
  readonly source: string | undefined;
  readonly sourcetype: string | undefined;
}>;

/** The format of a sink: over syslog, what is no message of syslog by itself stands in one. */
export function formatOf(sink: SinkOptions, compliance: CompliancePackage): AuditFormat {
  const options: FormatOptions = sink;
  const name: RecordFormat =
    sink.type === "splunk" ? "splunk-hec" : (sink.format ?? (sink.type === "syslog" ? "syslog" : "json-lines"));
  const format = createFormat(name, compliance, options);
  return sink.type === "syslog" && name !== "syslog" ? new compliance.SyslogEnvelope(format, sender(options)) : format;
}

/** A format by its name. */
export function createFormat(
  name: RecordFormat,
  compliance: CompliancePackage,
  options: FormatOptions = {},
): AuditFormat {
  const product = { ...compliance.PRODUCT, version: BUILD.version };
  switch (name) {
    case "json-lines":
      return new compliance.JsonLinesFormat();
    case "cef":
      return new compliance.CefFormat(product);
    case "leef":
      return new compliance.LeefFormat({ product, ...given({ delimiter: options.leef_delimiter }) });
    case "syslog":
      return new compliance.SyslogFormat({
        ...sender(options),
        ...given({ enterpriseNumber: options.enterprise_number, bytesMax: structuredBytes(options) }),
      });
    case "ecs":
      return new compliance.EcsFormat(product);
    case "ocsf":
      return new compliance.OcsfFormat(product);
    case "splunk-hec":
      return new compliance.SplunkHecFormat(
        given({ index: options.index, source: options.source, sourcetype: options.sourcetype }),
      );
  }
}

function structuredBytes({ max_message_bytes: bytes }: FormatOptions): number | undefined {
  return bytes === undefined ? undefined : Math.min(bytes, UDP_BYTES_MAX);
}

function sender({ facility, app_name: appName }: FormatOptions): {
  readonly facility?: number;
  readonly appName?: string;
} {
  return given({ facility, appName });
}

/** The members that are not `undefined`. */
export function given<Members extends object>(
  members: Members,
): { [Key in keyof Members]?: NonNullable<Members[Key]> } {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  // They are some of the same.
  return Object.fromEntries(entries) as { [Key in keyof Members]?: NonNullable<Members[Key]> };
}
