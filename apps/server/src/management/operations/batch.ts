import { type BatchContext, type BatchReport, batchRequest } from "@mcp-hangar/core";
import { BATCH_CANCELLATION_REASONS, redactText } from "@mcp-hangar/telemetry";
import { z } from "zod";
import { type Operation, type OperationContext, operationFailure, rawOperation } from "../operation.ts";
import type { ManagementParts } from "../parts.ts";

const batchItem = z.object({
  index: z.int(),
  id: z.string().optional().describe("The id that the request gave the call."),
  call_id: z.string().nullable().describe("Identity of the last attempt in events and records."),
  success: z.boolean(),
  result: z.looseObject({}).nullable().describe("What the tool answered, also one that failed."),
  truncated: z
    .object({
      continuation_id: z.string().nullable().describe("Null when there was no room to keep the result."),
      total_chars: z.int(),
      preview: z.string(),
      expires_in_s: z.int(),
      note: z.string(),
    })
    .optional()
    .describe("Where to find a result that is too large to be here."),
  error: z.string().nullable(),
  error_type: z.string().nullable(),
  error_code: z.number().optional().describe("Code of the server's own JSON-RPC error."),
  retry_after_ms: z.number().optional(),
  may_have_run: z.boolean().optional().describe("Of a failed call: false when it certainly never reached the server."),
  attempts: z.int(),
  elapsed_ms: z.number(),
});

const batchReport = z.object({
  batch_id: z.string(),
  success: z.boolean().describe("Whether all calls succeeded."),
  total: z.int(),
  succeeded: z.int(),
  failed: z.int(),
  elapsed_ms: z.number(),
  cancellation: z.enum(BATCH_CANCELLATION_REASONS).nullable().describe("Why the batch was cut short."),
  results: z.array(batchItem).describe("One a call, in the order of the request."),
});

/** Batches of tool calls, each call as if the client had made it. */
export function batchOperations({ batches }: Pick<ManagementParts, "batches">): readonly Operation[] {
  const runBatch = rawOperation(
    {
      id: "runBatch",
      title: "Call tools in parallel",
      description:
        "Runs 1 to 100 tool calls in parallel and reports on each: one that fails does not stop the others, unless fail_fast is set. " +
        "A result that is too large for the answer is replaced by a continuation, which hangar_fetch_continuation reads.",
      permission: "tools:call",
      // What the called tools do is theirs to say.
      effect: "destroy",
      openWorld: true,
      tool: "hangar_call",
      forAgents: true,
      route: { method: "POST", path: "/api/batch" },
      input: batchRequest,
      output: batchReport,
    },
    async (input, context) => {
      const answer = await batches.execute(input, batchContext(context), context.signal);
      if ("results" in answer) return wire(answer);
      const { batch_id: batchId, errors, error, error_type: code } = answer;
      const problems = errors.map(({ index, field, message }) => ({
        field: index === null ? field : `calls.${index}${field === "" ? "" : `.${field}`}`,
        message,
      }));
      return { ...operationFailure(code, 400, error), problems, details: { batch_id: batchId, errors } };
    },
  );
  return [runBatch];
}

/**
 * A modern client answers a server's questions by calling the tool again with the answers, for which a batch has no
 * room: its servers are not told that the client can be asked. A legacy client is asked while its request runs.
 */
function batchContext({ caller, relay }: OperationContext): BatchContext {
  return { ...relay, caller, ...(relay.clientEra === "modern" ? { clientCapabilities: undefined } : {}) };
}

/** Messages may quote what a server wrote to its stderr, and callers are not its operators. */
function wire(report: BatchReport): z.input<typeof batchReport> {
  const results = report.results.map((item) => ({
    ...item,
    error: item.error === null ? null : redactText(item.error),
  }));
  return { ...report, results };
}
