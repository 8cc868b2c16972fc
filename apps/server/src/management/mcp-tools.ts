import { globMatches, type JsonObject, ResultPayload } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { z } from "zod";
import type { CallerRights } from "../access/access.ts";
import { isOperationFailure, type Operation, type OperationContext, type OperationFailure } from "./operation.ts";
import type { ManagementOptions } from "./options.ts";

/** A tool of the gateway itself, beside those of its servers. */
export interface ManagementTool {
  /** Answers one call. What could not be done is part of the result, so that a model can mend it. */
  call(args: unknown, context: OperationContext): Promise<ResultPayload>;
}

/** The gateway's own tools. What a caller may not use does not exist for that caller. */
export interface ManagementTools {
  /** Whether there is any for the caller. */
  isFor(caller: Caller): boolean;
  /** Their names in the caller's `tools/list`. */
  namesFor(caller: Caller): readonly string[];
  /** Their entries in the caller's `tools/list`. */
  definitionsFor(caller: Caller): readonly JsonObject[];
  /** Names of servers' tools contain two underscores in a row; those of operations must not. */
  find(name: unknown, caller: Caller): ManagementTool | undefined;
}

interface Entry {
  readonly operation: Operation;
  readonly tool: ManagementTool;
}

/** The gateway's own tools by who looks for them. */
export interface OwnTools {
  /** Of `/mcp`: what agents need at their work, and what the operator wants them to have. */
  readonly forAgents: ManagementTools;
  /** Of `/manage/mcp`: all others. */
  readonly forOperators: ManagementTools;
}

/** Offers the operations that have a `tool` as tools of MCP. `options` are read on each use, because they may change. */
export function createManagementTools(
  operations: readonly Operation[],
  access: CallerRights,
  options: () => Pick<ManagementOptions, "tools">,
): OwnTools {
  const entries = new Map<unknown, Entry>();
  for (const operation of operations) {
    if (operation.tool === undefined) continue;
    if (entries.has(operation.tool)) throw new Error(`two operations are the tool ${operation.tool}`);
    entries.set(operation.tool, { operation, tool: toolOf(operation) });
  }
  // Made when somebody first lists them: the schemas of all operations would be a good part of the start.
  const definitions = new Map<Operation, JsonObject>();
  const definition = (operation: Operation): JsonObject => {
    const made = definitions.get(operation) ?? definitionOf(operation);
    definitions.set(operation, made);
    return made;
  };
  const permits = (caller: Caller, { operation }: Entry): boolean => {
    const { allow, deny } = options().tools;
    if (operation.offered?.() === false) return false;
    return fits(operation, allow) && !fits(operation, deny) && access.permits(caller, operation.permission);
  };
  const toolsOf = (isThere: (operation: Operation) => boolean): ManagementTools => {
    const exists = (caller: Caller, entry: Entry): boolean => isThere(entry.operation) && permits(caller, entry);
    const of = (caller: Caller): readonly Entry[] => [...entries.values()].filter((entry) => exists(caller, entry));
    return {
      isFor: (caller) => of(caller).length > 0,
      namesFor: (caller) => of(caller).map(({ operation }) => operation.tool ?? ""),
      definitionsFor: (caller) => of(caller).map(({ operation }) => definition(operation)),
      find(name, caller) {
        const entry = entries.get(name);
        return entry !== undefined && exists(caller, entry) ? entry.tool : undefined;
      },
    };
  };
  return {
    forAgents: toolsOf((operation) => operation.forAgents === true || fits(operation, options().tools.on_mcp)),
    forOperators: toolsOf(({ forAgents }) => forAgents !== true),
  };
}

function fits({ tool }: Operation, globs: readonly string[]): boolean {
  return tool !== undefined && globs.some((glob) => globMatches(glob, tool));
}

function definitionOf({ tool, title, description, input, output, effect, openWorld }: Operation): JsonObject {
  const definition = {
    name: tool,
    title,
    description,
    inputSchema: z.toJSONSchema(input, { io: "input" }),
    outputSchema: z.toJSONSchema(output, { io: "output" }),
    annotations: {
      title,
      readOnlyHint: effect === "read",
      destructiveHint: effect === "destroy",
      idempotentHint: openWorld === undefined,
      openWorldHint: openWorld ?? false,
    },
  };
  // JSON Schemas are JSON.
  return definition as unknown as JsonObject;
}

function toolOf({ perform }: Operation): ManagementTool {
  return {
    async call(args, context) {
      const value = await perform(args ?? {}, context);
      return isOperationFailure(value) ? failed(value) : succeeded(value);
    },
  };
}

/** A result for programs (`structuredContent`) and, as text, for models and clients that do not know that. */
function succeeded(value: object): ResultPayload {
  // What operations answer is made of plain data, which is written as JSON here and by the endpoint.
  return ResultPayload.ofValue({ content: textOf(value), structuredContent: value as JsonObject });
}

/** Text only: structured content would have to look like a success, and some clients refuse a result that does not. */
function failed({ code, message, problems, details }: OperationFailure): ResultPayload {
  const value = { success: false, error_type: code, error: message, errors: problems, ...details };
  return ResultPayload.ofValue({ content: textOf(value), isError: true });
}

function textOf(value: object): readonly JsonObject[] {
  return [{ type: "text", text: JSON.stringify(value) }];
}
