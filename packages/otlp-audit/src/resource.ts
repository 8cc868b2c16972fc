import { parsePairs } from "@mcp-hangar/delivery/otlp";

interface Gateway {
  /** What it is called; the variables when absent. */
  readonly name?: string | undefined;
  readonly version: string;
  readonly instance: string;
}

/**
 * The resource of the gateway's log records, kept lean: what names the service, and what `OTEL_RESOURCE_ATTRIBUTES` says. Nothing is
 * detected: command lines, owners and hosts stay at home. Entries of the variable that cannot be read are left out, as OpenTelemetry's
 * specification says. The name is that of the gateway's spans as well: the one that is given, else `OTEL_SERVICE_NAME`.
 */
export function auditResource(
  env: Readonly<Record<string, string | undefined>>,
  { name, version, instance }: Gateway,
): Readonly<Record<string, string>> {
  const given = name ?? env.OTEL_SERVICE_NAME?.trim();
  return {
    "service.name": "mcp-hangar",
    "service.version": version,
    "service.instance.id": instance,
    ...Object.fromEntries(parsePairs(env.OTEL_RESOURCE_ATTRIBUTES).pairs),
    ...(given ? { "service.name": given } : {}),
  };
}
