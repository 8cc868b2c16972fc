import { z } from "zod";
import { otlpLogsDestinationShape } from "../otlp-logs/destination-options.ts";

/** Said where audit records are asked for, and nothing names a collector. */
export const OTLP_AUDIT_OFF =
  "observability.otlp_audit is enabled without an endpoint; set OTEL_EXPORTER_OTLP_ENDPOINT";

/** The `observability.otlp_audit` section of the configuration. */
export const otlpAuditOptions = z
  .strictObject({
    enabled: z
      .boolean()
      .optional()
      .describe("If unset, audit records are sent when an endpoint is configured. If false, never."),
    ...otlpLogsDestinationShape,
    spool_folder: z
      .string()
      .min(1)
      .max(4_096)
      .optional()
      .describe(
        "Folder on a local disk in which records wait that the collector has not accepted; they survive a restart and a crash. One gateway a folder. If unset, they wait in memory, 20 000 at most.",
      ),
    spool_max_bytes: z
      .int()
      .min(1_048_576)
      .max(1_099_511_627_776)
      .default(268_435_456)
      .describe("Bytes that may wait in the folder: some 200 000 records."),
    when_full: z
      .enum(["drop_oldest", "refuse"])
      .default("drop_oldest")
      .describe("What a full folder does: `drop_oldest` records, or `refuse` new ones. Both are counted."),
  })
  .describe("Audit records as OTLP log records.");
export type OtlpAuditOptions = z.infer<typeof otlpAuditOptions>;
