import { type Environment, text } from "./destination.ts";

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
  const chars = whole(env.OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT) ?? whole(env.OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT);
  const count = whole(env.OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT) ?? whole(env.OTEL_ATTRIBUTE_COUNT_LIMIT);
  return { attributesMax: count ?? ATTRIBUTES_MAX, valueCharsMax: chars || Number.POSITIVE_INFINITY };
}

function whole(variable: string | undefined): number | undefined {
  const number = Number(text(variable) ?? Number.NaN);
  return Number.isInteger(number) && number >= 0 ? number : undefined;
}
