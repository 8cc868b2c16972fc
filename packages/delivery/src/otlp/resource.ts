import type { OtlpVariables } from "./destination.ts";
import { parsePairs } from "./pairs.ts";

/** What a service is called when nothing says otherwise. */
const DEFAULT_SERVICE_NAME = "mcp-hangar";

/** What is known of a service apart from the variables. */
export interface OtlpService {
  /** Wins over the variables. */
  readonly name?: string | undefined;
  /** Unless `OTEL_RESOURCE_ATTRIBUTES` says another. */
  readonly version?: string | undefined;
  /** Names one process among those of the same name, unless `OTEL_RESOURCE_ATTRIBUTES` says another. */
  readonly instance?: string | undefined;
}

/**
 * The resource of every signal, kept lean: what names the service, and what `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say.
 * Nothing is detected: command lines, owners and hosts stay at home. If one entry of `OTEL_RESOURCE_ATTRIBUTES` cannot be read, the whole
 * of it is left out (https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable).
 */
export function otlpResource(
  env: OtlpVariables,
  { name, version, instance }: OtlpService,
): Readonly<Record<string, string>> {
  const { pairs, wrong } = parsePairs(env.OTEL_RESOURCE_ATTRIBUTES);
  const given = name ?? env.OTEL_SERVICE_NAME?.trim();
  return {
    "service.name": DEFAULT_SERVICE_NAME,
    ...(version !== undefined && { "service.version": version }),
    ...(instance !== undefined && { "service.instance.id": instance }),
    ...(wrong === undefined && Object.fromEntries(pairs)),
    ...(given && { "service.name": given }),
  };
}

/** Why `OTEL_RESOURCE_ATTRIBUTES` is left out, without showing it; `undefined` when it is not. */
export function resourceProblem(env: OtlpVariables): string | undefined {
  const { wrong } = parsePairs(env.OTEL_RESOURCE_ATTRIBUTES);
  if (wrong === undefined) return undefined;
  return `OTEL_RESOURCE_ATTRIBUTES is left out: entry ${wrong} is not key=value with percent-encoding`;
}
