import type { OtlpProtocol } from "@mcp-hangar/delivery/otlp";
import { JsonLogsSerializer, ProtobufLogsSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { LogOrigin, OtelLogRecord } from "./log-record.ts";

/** Writes the bytes of an `ExportLogsServiceRequest`. */
export type EncodeLogs<Entry> = (entries: readonly Entry[]) => Uint8Array;

/** What is encoded, and where it comes from. */
interface Encoded<Entry> {
  readonly resource: Readonly<Record<string, string>>;
  readonly scope: { readonly name: string; readonly version: string };
  readonly recordOf: (entry: Entry, origin: LogOrigin) => OtelLogRecord;
}

/** The encoding of log records for a protocol, by OpenTelemetry's own serializers. */
export function logsEncoding<Entry>(
  protocol: OtlpProtocol,
  { resource, scope, recordOf }: Encoded<Entry>,
): EncodeLogs<Entry> {
  const serializer = protocol === "http/json" ? JsonLogsSerializer : ProtobufLogsSerializer;
  // Records are grouped by the identity of these two.
  const origin: LogOrigin = {
    resource: resourceFromAttributes({ ...resource }),
    instrumentationScope: scope,
  };
  return (entries) => {
    const bytes = serializer.serializeRequest(entries.map((entry) => recordOf(entry, origin)));
    if (bytes === undefined) throw new Error("nothing to send");
    return bytes;
  };
}
