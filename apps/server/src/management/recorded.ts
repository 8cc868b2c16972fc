import { isJsonObject, type JsonValue } from "@mcp-hangar/core";
import type { CallerType } from "@mcp-hangar/telemetry";
import { isOperationFailure, type Operation } from "./operation.ts";

/** Who changed what, and whether it was done. */
export interface OperationRecord {
  readonly operation: string;
  /** The server or group it was about, as the caller named it; `undefined` when it was about none. */
  readonly target: string | undefined;
  readonly caller: string;
  readonly caller_type: CallerType;
  /** `done`, or the code of the failure. */
  readonly outcome: string;
}

/** Names typed by callers are kept up to this length. */
const NAME_MAX = 200;

/** The same operation, which tells of each time it was asked to change something. Calls of tools have events of their own. */
export function recorded(operation: Operation, record: (record: OperationRecord) => void): Operation {
  if (operation.effect === "read" || operation.openWorld === true) return operation;
  return {
    ...operation,
    async perform(input, context) {
      const value = await operation.perform(input, context);
      record({
        operation: operation.id,
        target: targetOf(input),
        caller: context.caller.id,
        caller_type: context.caller.type,
        outcome: isOperationFailure(value) ? value.code : "done",
      });
      return value;
    },
  };
}

function targetOf(input: unknown): string | undefined {
  // Doors hand in what was JSON.
  if (!isJsonObject(input as JsonValue)) return undefined;
  const { server, group } = input as Readonly<Record<string, unknown>>;
  const target = group ?? server;
  return typeof target === "string" ? target.slice(0, NAME_MAX) : undefined;
}
