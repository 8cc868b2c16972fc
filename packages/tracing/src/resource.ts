import type { SpanAttributes } from "@mcp-hangar/telemetry";
import {
  defaultResource,
  detectResources,
  type Resource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import { type Environment, text } from "./otlp/destination.ts";

/** What a service is called when nothing says otherwise. */
const DEFAULT_SERVICE_NAME = "mcp-hangar";

interface Service {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
}

/**
 * What spans say of the process that they come from: its name and version, the SDK, and what `OTEL_RESOURCE_ATTRIBUTES` adds. Command
 * line, user and host, which the SDK would find out by itself, may hold secrets and stay out unless that variable says them.
 */
export function serviceResource({ name, version }: Service, env: Environment): Resource {
  const given = name ?? text(env.OTEL_SERVICE_NAME);
  return defaultResource()
    .merge(resourceFromAttributes({ "service.name": DEFAULT_SERVICE_NAME }))
    .merge(detectResources({ detectors: [resourceAttributesEnvDetector] }))
    .merge(
      resourceFromAttributes({
        ...(given !== undefined && { "service.name": given }),
        ...(version !== undefined && { "service.version": version }),
      }),
    );
}

/** The same as plain values; everything that {@link serviceResource} puts together is known at once and a text. */
export function resourceAttributes(service: Service, env: Environment): SpanAttributes {
  const { attributes } = serviceResource(service, env);
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, String(value)]));
}
