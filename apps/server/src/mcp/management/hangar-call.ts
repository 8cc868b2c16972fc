import { type Batches, type BatchReport, batchRequest, type RelayContext } from "@mcp-hangar/core";
import { redactText } from "../../logging/redact.ts";
import { definitionOf, failed, type ManagementTool, succeeded } from "./management-tool.ts";

const DESCRIPTION = {
  name: "hangar_call",
  title: "Call tools in parallel",
  description:
    "Runs 1 to 100 tool calls in parallel and reports on each: one that fails does not stop the others, unless fail_fast is set. " +
    "A result that is too large for the answer is replaced by a continuation, which hangar_fetch_continuation reads.",
  // What the called tools do is theirs to say.
  annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
} as const;

/** `hangar_call`: a batch of tool calls, each as if the client had made it. */
export function hangarCall(batches: Batches): ManagementTool {
  return {
    name: DESCRIPTION.name,
    definition: definitionOf(DESCRIPTION, batchRequest),
    async call(args, context, signal) {
      const answer = await batches.execute(args, onTheWayOnly(context), signal);
      return "results" in answer ? succeeded(redacted(answer)) : failed(answer);
    },
  };
}

/**
 * A modern client answers a server's questions by calling the tool again with the answers, for which a batch has no
 * room: its servers are not told that the client can be asked. A legacy client is asked while its request runs.
 */
function onTheWayOnly(context: RelayContext): RelayContext {
  return context.clientEra === "modern" ? { ...context, clientCapabilities: undefined } : context;
}

/** Messages may quote what a server wrote to its stderr, and callers are not its operators. */
function redacted(report: BatchReport): BatchReport {
  const results = report.results.map((item) =>
    item.error === null ? item : { ...item, error: redactText(item.error) },
  );
  return { ...report, results };
}
