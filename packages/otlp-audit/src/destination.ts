import { type OtlpDestination, type OtlpDestinationOptions, otlpDestination } from "@mcp-hangar/delivery/otlp";

/**
 * Where log records are sent: by the variables `OTEL_EXPORTER_OTLP_*` and those that begin with `OTEL_EXPORTER_OTLP_LOGS_`, which come
 * first, and by a configuration. `undefined` when nothing names an endpoint, or `OTEL_SDK_DISABLED` or `OTEL_LOGS_EXPORTER` switch it off.
 * @throws OtlpConfigurationError that says what is wrong, with the variable, and without credentials.
 */
export function otlpLogsDestination(
  env: Readonly<Record<string, string | undefined>>,
  options: OtlpDestinationOptions = {},
): OtlpDestination | undefined {
  return otlpDestination("logs", env, options);
}
