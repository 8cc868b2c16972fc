import { z } from "zod";
import { isJsonObject } from "../protocol/json-rpc.ts";

/** Calls in one batch; the histogram of batch sizes ends there too. */
const MAX_BATCH_CALLS = 100;
/** Names that are longer than this belong to no server and no tool. */
const MAX_NAME = 200;
const MAX_TIMEOUT_S = 300;
/** Fields that do not exist are named up to this many an object: a request may be made of nothing else. */
const MAX_UNKNOWN = 20;

const batchCall = z.strictObject({
  id: z.string().min(1).max(MAX_NAME).optional().describe("Your name for this call; its result repeats it."),
  server: z.string().min(1).max(MAX_NAME).describe("Id of the MCP server."),
  tool: z.string().min(1).max(MAX_NAME).describe("Name of the tool, as the server itself spells it."),
  arguments: z.looseObject({}).optional().describe("Arguments of the tool."),
  timeout: z
    .number()
    .min(1)
    .max(MAX_TIMEOUT_S)
    .optional()
    .describe("Seconds that each attempt may take; by default what the server's configuration says."),
  _meta: z
    .looseObject({})
    .optional()
    .describe(
      "Trace context (traceparent), correlation (trace_id, user_id, session_id) and progress token of this call.",
    ),
});

/** The arguments of `hangar_call`. */
export const batchRequest = z.strictObject({
  calls: z.array(batchCall).min(1).max(MAX_BATCH_CALLS).describe("The calls; they run in parallel, in any order."),
  max_concurrency: z.int().min(1).max(50).default(10).describe("Calls of this batch that run at the same time."),
  timeout: z.number().min(1).max(MAX_TIMEOUT_S).default(60).describe("Seconds after which the batch answers."),
  fail_fast: z.boolean().default(false).describe("Cancel the rest as soon as one call has failed."),
  max_attempts: z
    .int()
    .min(1)
    .max(10)
    .default(1)
    .describe(
      "Attempts a call. Only failures that cannot have had an effect are retried, and others of tools that declare themselves idempotent or read-only.",
    ),
});
export type BatchRequest = z.infer<typeof batchRequest>;
export type BatchCall = z.infer<typeof batchCall>;

/** One thing that is wrong with a request. */
export interface BatchProblem {
  /** Position in `calls`; null when it is not about one call. */
  readonly index: number | null;
  /** Name of the member, with dots; empty when it is about the whole. */
  readonly field: string;
  readonly message: string;
}

export type BatchValidation =
  | { readonly kind: "valid"; readonly request: BatchRequest }
  | { readonly kind: "invalid"; readonly problems: readonly BatchProblem[]; readonly size: number };

/** Checks a whole request before anything of it runs, and finds all problems: of the first 100 calls, that is. */
export function validateBatch(input: unknown): BatchValidation {
  const calls = isJsonObject(input) && Array.isArray(input.calls) ? (input.calls as readonly unknown[]) : [];
  const size = calls.length;
  const checked = calls.slice(0, MAX_BATCH_CALLS);
  const parsed = batchRequest.safeParse(
    isJsonObject(input) && size > checked.length ? { ...input, calls: checked } : input,
  );
  const problems = [
    ...(parsed.success ? [] : parsed.error.issues.flatMap(problemsOf)),
    ...(size > checked.length ? [problemAt(["calls"], `${size} calls; a batch has at most ${MAX_BATCH_CALLS}`)] : []),
    ...duplicateIds(checked),
  ];
  return parsed.success && problems.length === 0
    ? { kind: "valid", request: parsed.data }
    : { kind: "invalid", problems, size };
}

function problemsOf(issue: z.core.$ZodIssue): readonly BatchProblem[] {
  if (issue.code !== "unrecognized_keys") return [problemAt(issue.path, issue.message)];
  const unknown = issue.keys
    .slice(0, MAX_UNKNOWN)
    .map((key) => problemAt([...issue.path, key.slice(0, MAX_NAME)], "there is no such field"));
  const more = issue.keys.length - unknown.length;
  return more === 0 ? unknown : [...unknown, problemAt(issue.path, `there are ${more} more fields that do not exist`)];
}

function problemAt(path: readonly PropertyKey[], message: string): BatchProblem {
  const [first, index, ...rest] = path;
  return first === "calls" && typeof index === "number"
    ? { index, field: rest.map(String).join("."), message }
    : { index: null, field: path.map(String).join("."), message };
}

/** Results are told apart by id, so two calls must not share one. */
function duplicateIds(calls: readonly unknown[]): readonly BatchProblem[] {
  const indexOf = new Map<string, number>();
  const problems: BatchProblem[] = [];
  for (const [index, call] of calls.entries()) {
    const id = isJsonObject(call) ? call.id : undefined;
    if (typeof id !== "string") continue;
    const first = indexOf.get(id);
    if (first === undefined) indexOf.set(id, index);
    else problems.push({ index, field: "id", message: `call ${first} has this id already; ids must be unique` });
  }
  return problems;
}
