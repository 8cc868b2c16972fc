import { describe, expect, test } from "vitest";
import { numberOf, numberProblem } from "./number-variables.ts";

describe("a variable that is a whole number", () => {
  test.each([
    ["OTEL_BSP_MAX_QUEUE_SIZE", "1", 1],
    ["OTEL_BSP_MAX_QUEUE_SIZE", " 65536 ", 65_536],
    ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512", 512],
    ["OTEL_BSP_SCHEDULE_DELAY", "0", 0],
    ["OTEL_BSP_SCHEDULE_DELAY", "3600000", 3_600_000],
    ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "0", 0],
    ["OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4096", 4_096],
  ] as const)("%s=%s is used", (name, value, number) => {
    expect(numberOf({ [name]: value }, name)).toBe(number);
    expect(numberProblem({ [name]: value })).toBeUndefined();
  });

  test.each([
    ["OTEL_BSP_MAX_QUEUE_SIZE", "0", "from 1 to 10000000"],
    ["OTEL_BSP_MAX_QUEUE_SIZE", "-1", "from 1 to 10000000"],
    ["OTEL_BSP_MAX_QUEUE_SIZE", "1e99", "from 1 to 10000000"],
    ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "many", "from 1 to 10000000"],
    // Longer than a timer can be, it would run off at once.
    ["OTEL_BSP_SCHEDULE_DELAY", "99999999999999", "from 0 to 3600000"],
    ["OTEL_BSP_SCHEDULE_DELAY", "1.5", "from 0 to 3600000"],
    ["OTEL_BSP_SCHEDULE_DELAY", "5s", "from 0 to 3600000"],
    ["OTEL_BSP_SCHEDULE_DELAY", "Infinity", "from 0 to 3600000"],
    ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "-3", "of 0 or more"],
    ["OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "foo", "of 0 or more"],
  ] as const)("%s=%s is left out, and that is said", (name, value, range) => {
    expect(numberOf({ [name]: value }, name)).toBeUndefined();
    expect(numberProblem({ [name]: value })).toBe(
      `${name} is left out: it is "${value}", and may be a whole number ${range}`,
    );
  });

  test.each([{}, { OTEL_BSP_SCHEDULE_DELAY: "" }, { OTEL_BSP_SCHEDULE_DELAY: "  " }])("%o is not set", (env) => {
    expect(numberOf(env, "OTEL_BSP_SCHEDULE_DELAY")).toBeUndefined();
    expect(numberProblem(env)).toBeUndefined();
  });

  test("is said with all others that are left out, and cut", () => {
    const env = { OTEL_BSP_MAX_QUEUE_SIZE: "x".repeat(10_000), OTEL_BSP_SCHEDULE_DELAY: "-1" };
    const said = numberProblem(env) ?? "";
    expect(said.split("; ")).toHaveLength(2);
    expect(said.length).toBeLessThan(400);
  });
});
