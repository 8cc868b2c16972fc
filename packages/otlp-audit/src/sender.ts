import type { SendOutcome } from "@mcp-hangar/delivery";
import { redactText } from "@mcp-hangar/telemetry";
import type { IExportLogsServiceResponse } from "@opentelemetry/otlp-transformer";

/** Carries one encoded request to the collector. What went wrong is a value. */
export interface OtlpSender {
  send(body: Uint8Array, signal: AbortSignal): Promise<SendOutcome>;
  close(): void;
}

/** Certificates as PEM. */
export interface TlsFiles {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

/** Characters of what a collector says, in the message about it. */
const MESSAGE_CHARS_MAX = 300;

/** What a collector says, cut and without secrets. */
export function collectorSays(text: string): string {
  return redactText(text, MESSAGE_CHARS_MAX);
}

/** What the answer of a collector that has taken the request means: it may have refused some of the records for good. */
export function outcomeOfAnswer({ partialSuccess }: IExportLogsServiceResponse): SendOutcome {
  // In JSON, 64-bit numbers are texts.
  const rejected = Number(partialSuccess?.rejectedLogRecords ?? 0);
  if (!(rejected > 0)) return { kind: "delivered" };
  const message = `the collector rejected ${rejected} records: ${collectorSays(partialSuccess?.errorMessage ?? "")}`;
  return { kind: "partial", rejected, retry: [], reason: "rejected", message };
}
