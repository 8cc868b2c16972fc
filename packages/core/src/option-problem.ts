import type { z } from "zod";

/** One thing that is wrong with the options of a server or of a discovery source. */
export interface OptionProblem {
  /** Keys and indexes below the options. */
  readonly path: readonly (string | number)[];
  /** A sentence that says what is wrong and what to do, without values that may be secrets. */
  readonly message: string;
}

/**
 * Makes the problems that `find` finds issues of a schema, so that options with one of them are refused wherever they come
 * from. `params.statement` marks messages that are whole sentences: those of other custom issues only name what would be
 * allowed.
 */
export function refuseWith<Options>(
  find: (options: Options) => readonly OptionProblem[],
): (options: Options, context: z.RefinementCtx) => void {
  return (options, context) => {
    for (const { path, message } of find(options)) {
      context.addIssue({ code: "custom", path: [...path], message, params: { statement: true } });
    }
  };
}
