import { z } from "zod";

/** Ten years: beyond that a size is what one wants to limit. */
const AGE_MAX_S = 315_360_000;
/** SQLite's own limit is far beyond; a larger history belongs into the systems that audit records are exported to. */
const BYTES_MAX = 1_099_511_627_776;

/** The `history` section of the configuration. */
export const historyOptions = z
  .strictObject({
    file: z
      .string()
      .min(1)
      .optional()
      .describe("SQLite file of the history (created with mode 0600). Without it, no history is kept."),
    max_age_s: z
      .number()
      .positive()
      .max(AGE_MAX_S)
      .default(604_800)
      .describe("Entries older than this are deleted; a week by default."),
    max_bytes: z
      .int()
      .min(1_048_576)
      .max(BYTES_MAX)
      .default(268_435_456)
      .describe(
        "When the file holds more than this, the oldest entries are deleted of the server or caller that has the most in it.",
      ),
  })
  .describe("Finished calls, other requests and the logs of servers, for the REST interface and the management tools.");
export type HistoryOptions = z.infer<typeof historyOptions>;
