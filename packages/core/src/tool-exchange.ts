import type { CallRecord, ToolCall } from "./call.ts";
import type { Exchange } from "./exchange.ts";
import type { ManagedServer } from "./lifecycle/managed-server.ts";
import { taskOnly, unknownTool } from "./refusals.ts";
import type { TaskCall } from "./tasks/task-call.ts";
import { isTaskOnly } from "./tasks/task-messages.ts";

/**
 * What a tool call is at one server: its name, its arguments and the wish for a task, which the definition of the tool decides about.
 * That is looked up when the server runs, for before its first start it has listed nothing.
 */
export function toolExchange(
  call: ToolCall,
  server: ManagedServer,
  record: CallRecord,
  task: TaskCall | undefined,
): Exchange {
  return {
    method: "tools/call",
    context: call,
    record,
    task,
    onColdStart: () => {
      record.coldStart = true;
      record.span.event("cold_start");
    },
    params: (_session, peer) => {
      record.tool = server.catalog.tool(call.tool);
      if (record.tool === undefined) return unknownTool(call);
      const definition = server.catalog.definition(call.tool) ?? {};
      const refusal = call.refusedFor?.(definition);
      if (refusal !== undefined) return refusal;
      const wish = task?.params(peer);
      if (wish?.task === undefined && isTaskOnly(definition)) return taskOnly(call);
      return { params: { ...call.extra, name: call.tool, arguments: call.arguments, ...wish, _meta: call.meta } };
    },
  };
}
