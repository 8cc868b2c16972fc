import type { RelayContext } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import type { z } from "zod";
import type { Permission } from "../access/permissions.ts";
import type { RouteMethod } from "../http/route.ts";

/** On whose behalf an operation runs. */
export interface OperationContext {
  readonly caller: Caller;
  /** Aborted when the caller left. */
  readonly signal: AbortSignal;
  /** What travels along with calls that the operation makes: trace, correlation, the way back to an MCP client. */
  readonly relay: RelayContext;
}

/** Why an operation did not do what it was asked; a value, as all expected refusals are. */
export interface OperationFailure {
  readonly kind: "failure";
  /** A stable word for programs, such as `unknown_server`. */
  readonly code: string;
  /** Status of the REST answer. */
  readonly status: number;
  /** What happened, and what to do. */
  readonly message: string;
  /** Problems by field, where there are several. */
  readonly problems?: readonly { readonly field: string; readonly message: string }[];
}

/** What everybody who offers an operation has to know; the schemas describe it in `tools/list` and in OpenAPI. */
interface OperationShape<Input extends z.ZodObject, Output extends z.ZodObject> {
  /** Such as `startServer`: the `operationId` of OpenAPI. */
  readonly id: string;
  readonly title: string;
  /** One or two sentences for a model or a person who has to choose. */
  readonly description: string;
  readonly permission: Permission;
  /** `read` changes nothing, `change` can be undone or repeated, `destroy` cannot be undone. */
  readonly effect: "read" | "change" | "destroy";
  readonly input: Input;
  readonly output: Output;
  /** Its name among the management tools, such as `hangar_start`; absent when it is no tool. */
  readonly tool?: `hangar_${string}`;
  /** Its place in the REST interface; absent when it has none. Input comes from path, query and JSON body together. */
  readonly route?: { readonly method: RouteMethod; readonly path: `/api/${string}` };
}

/** An operation as it is written: input and output have the types of their schemas. */
export interface OperationDefinition<Input extends z.ZodObject, Output extends z.ZodObject>
  extends OperationShape<Input, Output> {
  readonly run: (
    input: z.output<Input>,
    context: OperationContext,
  ) => z.input<Output> | OperationFailure | Promise<z.input<Output> | OperationFailure>;
}

/** An operation as the doors use it: `run` takes what the input schema has parsed. */
export interface Operation extends OperationShape<z.ZodObject, z.ZodObject> {
  readonly run: (input: unknown, context: OperationContext) => Promise<object>;
}

/** Something the gateway does for its operators: written once, offered as a management tool and over REST. */
export function operation<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: OperationDefinition<Input, Output>,
): Operation {
  return {
    ...definition,
    // The doors parse with the schema of the same definition before they call.
    run: async (input, context) => definition.run(input as z.output<Input>, context),
  };
}

/** Makes the value of an operation that could not be done. */
export function operationFailure(code: string, status: number, message: string): OperationFailure {
  return { kind: "failure", code, status, message };
}
