import { z } from "zod";

/** Whether spans could be sent there: `host:port`, or an address by HTTP without a password. */
function isEndpoint(text: string): boolean {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
}

/** The `observability.tracing` section of the configuration. */
export const tracingOptions = z
  .strictObject({
    enabled: z
      .boolean()
      .optional()
      .describe(
        "If unset, spans are made when an endpoint is configured. If false, never; trace context is still passed on.",
      ),
    endpoint: z
      .string()
      .min(1)
      .max(2_048)
      .refine(isEndpoint, { error: "an address such as http://localhost:4317; credentials go into `headers`" })
      .optional()
      .describe(
        "Collector that takes OTLP, such as `http://localhost:4317`. The variables `OTEL_EXPORTER_OTLP_ENDPOINT` and `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` win.",
      ),
    protocol: z
      .enum(["grpc", "http/protobuf"])
      .optional()
      .describe("If unset, gRPC for port 4317 and HTTP for every other; `OTEL_EXPORTER_OTLP_PROTOCOL` wins."),
    headers: z
      .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/), z.string().max(8_192))
      .default({})
      .describe("Sent with every export, such as the key of a vendor; beside those of `OTEL_EXPORTER_OTLP_HEADERS`."),
    service_name: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe(
        "What the gateway is called in traces, audit records and log lines over OTLP; `mcp-hangar` if neither this nor `OTEL_SERVICE_NAME` nor `OTEL_RESOURCE_ATTRIBUTES` says it.",
      ),
    sample_rate: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        "Part of the traces that begin at the gateway which is recorded; all if unset. A caller's own decision is followed. `OTEL_TRACES_SAMPLER` wins.",
      ),
    keep_errors: z.boolean().default(true).describe("Records what failed, whatever the sampling."),
    keep_slower_than_s: z
      .number()
      .positive()
      .max(86_400)
      .default(3)
      .describe("Records calls that took this many seconds or more, whatever the sampling."),
    capture_arguments: z.boolean().default(false).describe("Puts the arguments of calls on their spans, redacted."),
    capture_results: z
      .boolean()
      .default(false)
      .describe("Puts the results of calls, and why servers say that they failed, on their spans, redacted."),
    capture_max_chars: z.int().min(1).max(65_536).default(4_096).describe("Characters of either that are kept."),
    args_hash_key: z
      .string()
      .min(16)
      .max(1_024)
      .optional()
      .describe(
        "Key of `mcp.tool.args_hash`, by which equal arguments are recognised, and of `args_hash` in audit records. If neither this nor `compliance.args_hash_key` is set, one of this run: digests of two runs cannot be compared, and audit records have none.",
      ),
    baggage_to: z
      .array(z.string().min(1).max(253))
      .max(1_000)
      .default([])
      .describe("Servers that get the callers' W3C baggage, whether spans are made or not; no others do."),
  })
  .describe("Spans of everything the gateway does for callers, sent over OTLP.");
export type TracingOptions = z.infer<typeof tracingOptions>;
