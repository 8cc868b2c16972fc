import { CALL_STATUSES, REQUEST_METHODS } from "@mcp-hangar/telemetry";
import { z } from "zod";
import { CALL_METHOD, LOG_STREAMS, TASK_METHOD } from "./entries.ts";

const id = z.int().positive();
const limit = z.int().min(1).max(1_000).default(100).describe("Entries of one answer.");
const before = id.optional().describe("Only entries before this one: `next_before` of the page before.");
const since = z.iso
  .datetime({ offset: true })
  .optional()
  .describe("Only entries from this time on, such as 2026-01-31T08:00:00Z.");

/** Tool calls, the ends of the tasks that some of them begin, and the other requests of MCP. */
const CALL_KINDS = ["call", "task", "request"] as const;
const METHODS = [CALL_METHOD, TASK_METHOD, ...REQUEST_METHODS] as const;

/** What to look for among the calls and other requests. */
export const callQuery = z.object({
  kind: z
    .enum(CALL_KINDS)
    .optional()
    .describe(
      "Only tool calls, only the ends of tasks, or only other requests of MCP (resources, prompts, lists …); all when absent.",
    ),
  method: z.enum(METHODS).optional().describe("Only requests with this method of MCP; `task` for the ends of tasks."),
  tool: z.string().min(1).max(500).optional().describe("Only calls of this tool."),
  status: z.enum(CALL_STATUSES).optional().describe("Only those that ended so."),
  caller: z.string().min(1).max(500).optional().describe("Only those of this caller."),
  since,
  before,
  limit,
});

/** What to look for in the log of a server. */
export const logQuery = z.object({
  stream: z.enum(LOG_STREAMS).optional().describe("`stderr`: what the server wrote; `gateway`: what happened to it."),
  since,
  before,
  limit,
});

/** A query, with the servers it is about: all of them when absent. */
export type CallQuery = z.output<typeof callQuery> & { readonly server?: string | undefined };
export type LogQuery = z.output<typeof logQuery> & { readonly server: string };

/** A kept call or request, as callers of the interface see it. */
export const callRow = z.object({
  id,
  time: z.iso.datetime(),
  kind: z.enum(CALL_KINDS),
  call_id: z.string().describe("Id of the call, task or request: that of its event and of its audit record."),
  method: z.string().describe("Method of MCP; `task` for the end of a task."),
  server: z.string().nullable().describe("Null for a request that was for no single server."),
  tool: z.string().nullable().describe("Null for requests other than tool calls and tasks."),
  subject: z.string().nullable().describe("What another request was about: a URI, a prompt, a level."),
  status: z.enum(CALL_STATUSES),
  cause: z.string().nullable().describe("Error type or rejection reason."),
  message: z.string().nullable(),
  duration_ms: z.number(),
  cold_start: z.boolean(),
  origin: z.string(),
  caller_type: z.string(),
  caller: z.string(),
  batch_id: z.string().nullable(),
  session_id: z.string().nullable(),
  user_id: z.string().nullable(),
  trace_id: z.string().nullable(),
});
export type CallRow = z.output<typeof callRow>;

/** A kept line. */
export const logRow = z.object({ id, time: z.iso.datetime(), stream: z.enum(LOG_STREAMS), line: z.string() });
export type LogRow = z.output<typeof logRow>;
