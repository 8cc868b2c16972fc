import type { Batches, ContinuationStore, JsonObject } from "@mcp-hangar/core";
import { deleteContinuation, fetchContinuation } from "./continuations.ts";
import { hangarCall } from "./hangar-call.ts";
import type { ManagementTool } from "./management-tool.ts";

/** What management tools work on. */
export interface ManagementParts {
  readonly batches: Batches;
  readonly continuations: ContinuationStore;
}

/** The gateway's own tools, by name. Names of servers' tools contain two underscores in a row; these must not. */
export interface ManagementTools {
  /** Their entries in `tools/list`. */
  readonly definitions: readonly JsonObject[];
  get(name: unknown): ManagementTool | undefined;
}

/** Makes the management tools. */
export function createManagementTools({ batches, continuations }: ManagementParts): ManagementTools {
  const tools = [hangarCall(batches), fetchContinuation(continuations), deleteContinuation(continuations)];
  const byName = new Map<unknown, ManagementTool>(tools.map((tool) => [tool.name, tool]));
  return { definitions: tools.map(({ definition }) => definition), get: (name) => byName.get(name) };
}
