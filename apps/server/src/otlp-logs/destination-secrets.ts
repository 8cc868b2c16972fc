import type { OtlpDestination } from "@mcp-hangar/otlp-audit";

/** Header fields carry credentials, with or without a scheme before them. */
export function secretsOf({ headers }: OtlpDestination): readonly string[] {
  return Object.values(headers).flatMap((value) => [value, value.slice(value.indexOf(" ") + 1)]);
}
