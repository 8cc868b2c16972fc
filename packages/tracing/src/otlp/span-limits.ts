import type { Environment } from "./destination.ts";
import { numberOf } from "./number-variables.ts";

/** How much a span may hold. */
export interface SpanLimits {
  readonly attributesMax: number;
  /** Characters of a text that is a value, or part of one. */
  readonly valueCharsMax: number;
}

/** https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#attribute-limits */
const ATTRIBUTES_MAX = 128;

/** Limits as the variables of the specification set them. Values that are no whole number are left out, and 0 is no length, as in the SDK. */
export function spanLimitsOf(env: Environment): SpanLimits {
  const chars =
    numberOf(env, "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT") ?? numberOf(env, "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT");
  const count = numberOf(env, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT") ?? numberOf(env, "OTEL_ATTRIBUTE_COUNT_LIMIT");
  return { attributesMax: count ?? ATTRIBUTES_MAX, valueCharsMax: chars || Number.POSITIVE_INFINITY };
}
