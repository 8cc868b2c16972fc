import { z } from "zod";

/** Where log records go, in the sections of all that send any. */
export const otlpLogsDestinationShape = {
  endpoint: z
    .string()
    .min(1)
    .max(2_048)
    .optional()
    .describe(
      "Collector that takes OTLP, such as `http://localhost:4317`. The variables `OTEL_EXPORTER_OTLP_ENDPOINT` and `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT` win.",
    ),
  protocol: z
    .enum(["grpc", "http/protobuf", "http/json"])
    .optional()
    .describe("If unset, gRPC for port 4317 and HTTP for every other; `OTEL_EXPORTER_OTLP_PROTOCOL` wins."),
  headers: z
    .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/), z.string().max(8_192))
    .default({})
    .describe("Sent with every export, such as the key of a vendor; beside those of `OTEL_EXPORTER_OTLP_HEADERS`."),
} as const;
