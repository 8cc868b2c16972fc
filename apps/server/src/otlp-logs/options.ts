import { z } from "zod";
import { otlpLogsDestinationShape } from "./destination-options.ts";

/** Said where log lines are asked for, and nothing names a collector. */
export const OTLP_LOGS_OFF = "observability.otlp_logs is enabled without an endpoint; set OTEL_EXPORTER_OTLP_ENDPOINT";

/** The `observability.otlp_logs` section of the configuration. */
export const otlpLogsOptions = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe(
        "Sends every line of the log to a collector as well, redacted like the log. Needs an endpoint, here or in the environment.",
      ),
    ...otlpLogsDestinationShape,
  })
  .describe("Lines of the log as OTLP log records. They wait in memory, 16 384 at most, for at most five minutes.");
export type OtlpLogsOptions = z.infer<typeof otlpLogsOptions>;
