import { type OtlpDestination, readTlsFiles, resourceProblem } from "@mcp-hangar/delivery/otlp";
import { spansDestination, TracingConfigurationError } from "../otlp/destination.ts";
import { numberProblem } from "../otlp/number-variables.ts";
import { samplerOf } from "../sampler.ts";
import type { TraceExporterOptions } from "./trace-exporter.ts";

/** What says where spans go and which. */
export type TracingPlace = Pick<TraceExporterOptions, "endpoint" | "protocol" | "headers" | "sampleRate" | "env">;

/** Where spans are sent. @throws TracingConfigurationError when that cannot be used, or nothing names an endpoint. */
export function destinationOf({ endpoint, protocol, headers, env }: TracingPlace): OtlpDestination {
  const destination = spansDestination(env, { endpoint, protocol, headers });
  if (destination !== undefined) return destination;
  throw new TracingConfigurationError("tracing needs an endpoint; set OTEL_EXPORTER_OTLP_ENDPOINT");
}

/**
 * Looks whether spans could be made and sent, without sending anything. Rejects with what `TraceExporter.create` would reject with: a
 * destination, a sampler or certificates that cannot be used. Resolves to what is left out, in words; `undefined` when nothing is.
 */
export async function checkTracing(place: TracingPlace): Promise<string | undefined> {
  const destination = destinationOf(place);
  samplerOf(place.sampleRate, place.env);
  await readTlsFiles(destination);
  const problems = [resourceProblem(place.env), numberProblem(place.env)].filter((problem) => problem !== undefined);
  return problems.length === 0 ? undefined : problems.join("; ");
}
