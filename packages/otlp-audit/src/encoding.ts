import {
  type IExportLogsServiceResponse,
  JsonLogsSerializer,
  ProtobufLogsSerializer,
} from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { AuditEntry } from "./audit-entry.ts";
import type { OtlpProtocol } from "./destination.ts";
import { type LogOrigin, logRecordOf } from "./log-record.ts";

/** How requests and answers are written. */
export interface OtlpEncoding {
  /** The bytes of an `ExportLogsServiceRequest`. */
  readonly encode: (entries: readonly AuditEntry[]) => Uint8Array;
  /** Throws when the bytes are no answer. */
  readonly readAnswer: (bytes: Uint8Array) => IExportLogsServiceResponse;
}

interface Origin {
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
}

const SCOPE_NAME = "@mcp-hangar/otlp-audit";

/** The encoding of a protocol, by OpenTelemetry's own serializers. */
export function otlpEncoding(protocol: OtlpProtocol, { resource, version }: Origin): OtlpEncoding {
  const serializer = protocol === "http/json" ? JsonLogsSerializer : ProtobufLogsSerializer;
  // Records are grouped by the identity of these two.
  const origin: LogOrigin = {
    resource: resourceFromAttributes({ ...resource }),
    instrumentationScope: { name: SCOPE_NAME, version },
  };
  return {
    encode(entries) {
      const bytes = serializer.serializeRequest(entries.map((entry) => logRecordOf(entry, origin)));
      if (bytes === undefined) throw new Error("nothing to send");
      return bytes;
    },
    readAnswer: (bytes) => serializer.deserializeResponse(bytes),
  };
}
