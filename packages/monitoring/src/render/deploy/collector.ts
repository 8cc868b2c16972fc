/** The configuration of the OpenTelemetry collector: traces go to Jaeger, audit records and log lines to its log. */
export function collectorConfig(): object {
  return {
    extensions: { health_check: { endpoint: "0.0.0.0:13133" } },
    receivers: {
      otlp: { protocols: { grpc: { endpoint: "0.0.0.0:4317" }, http: { endpoint: "0.0.0.0:4318" } } },
    },
    processors: {
      memory_limiter: { check_interval: "1s", limit_mib: 256, spike_limit_mib: 64 },
      batch: {},
    },
    exporters: {
      "otlp_grpc/jaeger": { endpoint: "jaeger:4317", tls: { insecure: true } },
      debug: { verbosity: "detailed" },
    },
    service: {
      extensions: ["health_check"],
      pipelines: {
        traces: { receivers: ["otlp"], processors: ["memory_limiter", "batch"], exporters: ["otlp_grpc/jaeger"] },
        logs: { receivers: ["otlp"], processors: ["memory_limiter", "batch"], exporters: ["debug"] },
      },
    },
  };
}
