import { type Environment, text } from "./destination.ts";

/** Variables of OpenTelemetry that are whole numbers, with the least and the greatest that are used. */
const RANGES = {
  OTEL_BSP_MAX_QUEUE_SIZE: [1, 10_000_000],
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: [1, 10_000_000],
  // A timer takes no more than 2^31 ms; spans that are sent after an hour help nobody.
  OTEL_BSP_SCHEDULE_DELAY: [0, 3_600_000],
  OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: [0, Number.MAX_SAFE_INTEGER],
  OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: [0, Number.MAX_SAFE_INTEGER],
  OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: [0, Number.MAX_SAFE_INTEGER],
  OTEL_ATTRIBUTE_COUNT_LIMIT: [0, Number.MAX_SAFE_INTEGER],
} as const satisfies Readonly<Record<string, readonly [min: number, max: number]>>;

type NumberVariable = keyof typeof RANGES;

/** The number that a variable says; `undefined` where it says none that can be used. */
export function numberOf(env: Environment, name: NumberVariable): number | undefined {
  const [min, max] = RANGES[name];
  const number = Number(text(env[name]) ?? Number.NaN);
  return Number.isInteger(number) && number >= min && number <= max ? number : undefined;
}

/** What those that cannot be used say, and what they may say; `undefined` where all can. The specification wants them left out. */
export function numberProblem(env: Environment): string | undefined {
  const problems = (Object.keys(RANGES) as readonly NumberVariable[]).flatMap((name) => {
    const value = text(env[name]);
    if (value === undefined || numberOf(env, name) !== undefined) return [];
    const [min, max] = RANGES[name];
    const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
    return [`${name} is left out: it is ${JSON.stringify(value.slice(0, 100))}, and may be a whole number ${range}`];
  });
  return problems.length === 0 ? undefined : problems.join("; ");
}
