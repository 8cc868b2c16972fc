import {
  type IExportLogsServiceResponse,
  JsonLogsSerializer,
  ProtobufLogsSerializer,
} from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { OtlpProtocol } from "./destination.ts";
import type { LogOrigin, OtelLogRecord } from "./log-record.ts";

/** How requests and answers are written. */
export interface OtlpEncoding<Entry> {
  /** The bytes of an `ExportLogsServiceRequest`. */
  readonly encode: (entries: readonly Entry[]) => Uint8Array;
  readonly readAnswer: ReadAnswer;
}

/** Throws when the bytes are no answer. */
export type ReadAnswer = (bytes: Uint8Array) => IExportLogsServiceResponse;

/** What is encoded, and where it comes from. */
interface Encoded<Entry> {
  readonly resource: Readonly<Record<string, string>>;
  readonly scope: { readonly name: string; readonly version: string };
  readonly recordOf: (entry: Entry, origin: LogOrigin) => OtelLogRecord;
}

/** The encoding of a protocol, by OpenTelemetry's own serializers. */
export function otlpEncoding<Entry>(
  protocol: OtlpProtocol,
  { resource, scope, recordOf }: Encoded<Entry>,
): OtlpEncoding<Entry> {
  const serializer = protocol === "http/json" ? JsonLogsSerializer : ProtobufLogsSerializer;
  // Records are grouped by the identity of these two.
  const origin: LogOrigin = {
    resource: resourceFromAttributes({ ...resource }),
    instrumentationScope: scope,
  };
  return {
    encode(entries) {
      const bytes = serializer.serializeRequest(entries.map((entry) => recordOf(entry, origin)));
      if (bytes === undefined) throw new Error("nothing to send");
      return bytes;
    },
    readAnswer: (bytes) => serializer.deserializeResponse(bytes),
  };
}
