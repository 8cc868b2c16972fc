import { isJsonPointer, USAGE_POINTERS } from "@mcp-hangar/telemetry";
import { z } from "zod";

/** Places that are looked at, each for every result with `_meta`. */
const POINTERS_MAX = 20;
const POINTER_CHARS_MAX = 200;

const pointer = z
  .string()
  .max(POINTER_CHARS_MAX)
  .refine(isJsonPointer, { error: "a JSON Pointer such as /usage/input_tokens" });
const places = (defaults: readonly string[], what: string) =>
  z
    .array(pointer)
    .max(POINTERS_MAX)
    .default([...defaults])
    .describe(`Where in \`_meta\` ${what} may stand.`);

/** The section `observability.usage` of the configuration. */
export const usageOptions = z
  .strictObject({
    enabled: z.boolean().default(true).describe("Looks into `_meta` of results for what calls have cost."),
    cost: places(USAGE_POINTERS.cost, "the cost"),
    currency: places(USAGE_POINTERS.currency, "its currency"),
    default_currency: z
      .string()
      .regex(/^[A-Z]{3}$/, { error: "must be three capital letters, such as USD" })
      .default("USD")
      .describe("Currency of a cost that names none."),
    model: places(USAGE_POINTERS.model, "the model"),
    input_tokens: places(USAGE_POINTERS.input_tokens, "the tokens that were read"),
    output_tokens: places(USAGE_POINTERS.output_tokens, "the tokens that were written"),
  })
  .describe(
    "Cost and tokens that servers report with their results. Pointers (RFC 6901) begin at `_meta`, and the first that leads to a value is taken. Of results of 256 KiB and more only a `_meta` of at most 1 KiB is looked at.",
  );
