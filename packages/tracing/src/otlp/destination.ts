import {
  OtlpConfigurationError,
  type OtlpDestination,
  type OtlpDestinationOptions,
  type OtlpVariables,
  otlpDestination,
} from "@mcp-hangar/delivery/otlp";

/** The variables of a process, or a test's own. */
export type Environment = OtlpVariables;

/** How spans can be sent. */
export const SPAN_PROTOCOLS = ["grpc", "http/protobuf"] as const;
export type SpanProtocol = (typeof SPAN_PROTOCOLS)[number];

/** What is wrong with how tracing is configured, with the value and what to do. */
export class TracingConfigurationError extends Error {
  override readonly name = "TracingConfigurationError";
}

/**
 * Where spans are sent, by the environment and, where it says nothing, by a configuration; `undefined` when neither names an endpoint.
 * @throws TracingConfigurationError for what cannot be used.
 */
export function spansDestination(
  env: Environment,
  options: Omit<OtlpDestinationOptions, "protocols"> = {},
): OtlpDestination | undefined {
  try {
    return otlpDestination("traces", env, { ...options, protocols: SPAN_PROTOCOLS });
  } catch (cause) {
    if (!(cause instanceof OtlpConfigurationError)) throw cause;
    throw new TracingConfigurationError(cause.message, { cause });
  }
}

/** Variables that are set to nothing are not set (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). */
export function text(value: string | undefined): string | undefined {
  const trimmed = value?.trim();
  return trimmed === "" ? undefined : trimmed;
}
