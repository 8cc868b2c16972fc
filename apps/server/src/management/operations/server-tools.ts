import { abortSignalOf, type Fleet, type FleetEntry, isRetryable, type JsonObject } from "@mcp-hangar/core";
import { LIST_FAULT_ACTIONS, redactText } from "@mcp-hangar/telemetry";
import { z } from "zod";
import { QualifiedNames, SEPARATOR } from "../../mcp/qualified-names.ts";
import { isOperationFailure, type Operation, operation, operationFailure } from "../operation.ts";
import type { ManagementParts } from "../parts.ts";
import { failureOf, findEntry, serverInput } from "./server-view.ts";

/** How long the list of a server that was never listed is waited for. */
const FIRST_LIST_WAIT_MS = 10_000;
/** As long as the calls of a batch may take. */
const TIMEOUT_S_MAX = 300;
const NAME_MAX = 200;

const correlationId = z.string().min(1).max(NAME_MAX).optional();

/** The tools of one server: what there is, and calling one. */
export function serverToolOperations(parts: Pick<ManagementParts, "gateway" | "access">): readonly Operation[] {
  const { gateway, access } = parts;
  return [
    operation({
      id: "listServerTools",
      title: "List the tools of a server",
      description:
        "Lists the tools of an MCP server with the schemas of their arguments, as last listed, and what was wrong with those that clients could not read. A server that was never listed is started.",
      permission: "servers:read",
      effect: "read",
      tool: "hangar_tools",
      route: { method: "GET", path: "/api/mcp_servers/{server}/tools" },
      input: z.object({ server: serverInput }),
      output: z.object({
        server: z.string(),
        tools: z
          .array(z.looseObject({ name: z.string() }))
          .describe("As the server describes them, apart from what clients could not read."),
        shortened: z
          .record(z.string(), z.string())
          .describe(
            "Names of tools on /mcp that are too long for model APIs there, by what the server calls the tools.",
          ),
        faults: z
          .object({
            mended: z.number().describe("Tools of which something was dropped or mended."),
            left_out: z.number().describe("Tools that clients could not read at all."),
            shown: z
              .array(z.object({ name: z.string().optional(), action: z.enum(LIST_FAULT_ACTIONS), reason: z.string() }))
              .describe("What is wrong with the first of them."),
          })
          .describe("What the server lists and clients could not read."),
      }),
      run: async ({ server: id }, { caller, signal }) => {
        const entry = findEntry(parts, id, { caller, permission: "servers:read" });
        if (isOperationFailure(entry)) return entry;
        const patience = AbortSignal.any([abortSignalOf(signal), AbortSignal.timeout(FIRST_LIST_WAIT_MS)]);
        const items = entry.catalog.known("tools") ?? (await entry.refresh("tools", patience));
        if ("code" in items) return failureOf(items);
        const tools = items.flatMap((item) =>
          typeof item.name === "string" && access.admits(caller, id, item.name, "servers:read")
            ? [{ ...item, name: item.name }]
            : [],
        );
        const { mended, leftOut, shown } = entry.catalog.faults("tools");
        return {
          server: id,
          tools,
          shortened: shortenedNames(
            gateway.fleet,
            entry,
            tools.map(({ name }) => name),
          ),
          faults: {
            mended,
            left_out: leftOut,
            shown: shown.filter(({ name }) => name === undefined || access.admits(caller, id, name, "servers:read")),
          },
        };
      },
    }),
    operation({
      id: "callServerTool",
      title: "Call a tool",
      description:
        "Calls one tool and answers with its result. A tool that ran and reports an error is an answer too: is_error is true then.",
      permission: "tools:call",
      // What the tool does is its own to say.
      effect: "destroy",
      openWorld: true,
      route: { method: "POST", path: "/api/mcp_servers/{server}/tools/{tool}/call" },
      input: z.object({
        server: serverInput,
        tool: z.string().min(1).max(NAME_MAX).describe("Name of the tool, as the server itself spells it."),
        arguments: z.looseObject({}).optional().describe("Arguments of the tool."),
        trace_id: correlationId.describe("Your trace, for correlation in other systems."),
        user_id: correlationId.describe("Your user, for correlation in other systems."),
        session_id: correlationId.describe("Your session, for correlation in other systems."),
        timeout_s: z
          .number()
          .positive()
          .max(TIMEOUT_S_MAX)
          .optional()
          .describe("Seconds that the call may take; by default what the configuration of the server says."),
      }),
      output: z.object({
        server: z.string(),
        tool: z.string(),
        is_error: z.boolean().describe("Whether the tool reports that it failed."),
        result: z.looseObject({}).describe("The result of the tool as MCP has it: content, structuredContent."),
      }),
      run: async (input, { signal, relay }) => {
        const result = await gateway.callTool(
          {
            ...relay,
            origin: "rest",
            server: input.server,
            tool: input.tool,
            // It was part of a JSON document.
            arguments: input.arguments as JsonObject | undefined,
            traceId: input.trace_id,
            userId: input.user_id,
            sessionId: input.session_id,
            timeoutMs: input.timeout_s === undefined ? undefined : input.timeout_s * 1_000,
          },
          signal,
        );
        switch (result.kind) {
          case "result": {
            const { isError, value } = result.result;
            return { server: input.server, tool: input.tool, is_error: isError, result: value };
          }
          case "error": {
            const { error } = result;
            const message = `the server answered with an error: ${redactText(error.message)} (${error.code})`;
            return { ...operationFailure("upstream_error", 502, message), details: { upstream: error } };
          }
          case "failure":
            return {
              ...failureOf(result),
              details: { retryable: isRetryable(result), may_have_run: result.maybeExecuted },
            };
        }
      },
    }),
  ];
}

function shortenedNames(fleet: Fleet, entry: FleetEntry, tools: readonly string[]): Readonly<Record<string, string>> {
  const names = new QualifiedNames(fleet);
  const pairs = tools.map((tool) => [tool, names.qualify(entry.id, "tools", tool)] as const);
  return Object.fromEntries(pairs.filter(([tool, name]) => !name.endsWith(`${SEPARATOR}${tool}`)));
}
