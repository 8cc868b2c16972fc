import { isJsonObject, type JsonValue, type Witnesses } from "@mcp-hangar/core";
import { LIBRARY_CLIENT, type OperationFinished, registeredName } from "@mcp-hangar/telemetry";
import { isOperationFailure, type Operation, type OperationChange, operationFailure } from "./operation.ts";

/** Names typed by callers are kept up to this length. */
const NAME_MAX = 200;

/**
 * The same operation, which has a span and tells everybody of its end. What changes something is written down before, where there is a
 * journal. Calls of tools have events of their own.
 */
export function recorded(operation: Operation, witnesses: Witnesses, newId: () => string): Operation {
  if (operation.openWorld === true) return operation;
  const { id: method, effect } = operation;
  return {
    ...operation,
    async perform(input, context) {
      const { clock, tracer } = witnesses;
      const { caller, door, relay } = context;
      const { client = LIBRARY_CLIENT, trace: parent = {} } = relay;
      const id = newId();
      const startedMs = clock.nowMs();
      const span = tracer.startOperation({ operation: method, caller, client, parent });
      const named = targetOf(input);
      let change: OperationChange = {};
      const changed = (told: OperationChange): void => {
        change = told;
      };
      const refusal =
        effect === "read" || !witnesses.mustAgree
          ? undefined
          : await witnesses.begin({ id, kind: "operation", method, server: undefined, subject: named, caller, client });
      const value =
        refusal === undefined
          ? await operation.perform(input, { ...context, changed })
          : operationFailure(refusal.code, 503, refusal.message);
      const outcome = isOperationFailure(value) ? value.code : "done";
      span.end(outcome);
      const { target = named, before, after } = change;
      const event: OperationFinished = {
        type: "operation.finished",
        timeMs: clock.wallMs(),
        operationId: id,
        // Operations are ours.
        operation: registeredName(method),
        effect,
        door,
        target: target?.slice(0, NAME_MAX),
        outcome,
        change: before === undefined && after === undefined ? undefined : { before, after },
        durationSeconds: (clock.nowMs() - startedMs) / 1_000,
        caller,
        client,
      };
      await witnesses.ended(event);
      return value;
    },
  };
}

/** What an operation is about, as the caller names it. */
function targetOf(input: unknown): string | undefined {
  // Doors hand in what was JSON.
  if (!isJsonObject(input as JsonValue)) return undefined;
  const { server, group, id, name } = input as Readonly<Record<string, unknown>>;
  return [group, server, id, name].find((text): text is string => typeof text === "string");
}
