import { type OtlpService, otlpResource, resourceProblem } from "@mcp-hangar/delivery/otlp";
import type { SpanAttributes } from "@mcp-hangar/telemetry";
import { diag } from "@opentelemetry/api";
import { defaultResource, type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import type { Environment } from "./otlp/destination.ts";

/**
 * What spans say of the process that they come from: the same as audit records ({@link otlpResource}), and the SDK. Command line, user and
 * host, which the SDK would find out by itself, may hold secrets and stay out unless `OTEL_RESOURCE_ATTRIBUTES` says them.
 */
export function serviceResource(service: OtlpService, env: Environment): Resource {
  const problem = resourceProblem(env);
  if (problem !== undefined) diag.warn(problem);
  return defaultResource().merge(resourceFromAttributes(otlpResource(env, service)));
}

/** The same as plain values; everything that {@link serviceResource} puts together is known at once and a text. */
export function resourceAttributes(service: OtlpService, env: Environment): SpanAttributes {
  const { attributes } = serviceResource(service, env);
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, String(value)]));
}
