import { type JsonObject, type RelayContext, ResultPayload } from "@mcp-hangar/core";
import { z } from "zod";

/** A tool of the gateway itself, beside those of its servers. */
export interface ManagementTool {
  readonly name: string;
  /** Its entry in `tools/list`. */
  readonly definition: JsonObject;
  /** Answers one call. What is wrong with the arguments is part of the result, so that a model can mend it. */
  call(args: unknown, context: RelayContext, signal: AbortSignal): Promise<ResultPayload>;
}

/** What `tools/list` says about a management tool. */
export interface ManagementToolDescription {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** `readOnlyHint`, `destructiveHint` and the like of the protocol. */
  readonly annotations: JsonObject;
}

/** The entry of a tool in `tools/list`; its JSON Schema is made of the schema by which its arguments are parsed. */
export function definitionOf(
  { name, title, description, annotations }: ManagementToolDescription,
  input: z.ZodObject,
): JsonObject {
  // A JSON Schema is JSON.
  const inputSchema = z.toJSONSchema(input, { io: "input" }) as unknown as JsonObject;
  return { name, title, description, inputSchema, annotations: { title, ...annotations } };
}

/** A tool whose arguments are parsed before it runs. */
export function parsedTool<Input extends z.ZodObject>(
  description: ManagementToolDescription,
  input: Input,
  run: (args: z.output<Input>, context: RelayContext) => ResultPayload,
): ManagementTool {
  return {
    name: description.name,
    definition: definitionOf(description, input),
    async call(args, context) {
      const parsed = input.safeParse(args ?? {});
      if (parsed.success) return run(parsed.data, context);
      const errors = parsed.error.issues.map(({ path, message }) => ({ field: path.map(String).join("."), message }));
      return failed({ success: false, error_type: "validation_error", error: "the arguments are wrong", errors });
    },
  };
}

/** A result for programs (`structuredContent`) and, as text, for models and clients that do not know that. */
export function succeeded(value: object): ResultPayload {
  return ResultPayload.ofValue(contentOf(value));
}

/** The same for a tool that could not do what it was asked. */
export function failed(value: object): ResultPayload {
  return ResultPayload.ofValue({ ...contentOf(value), isError: true });
}

function contentOf(value: object): JsonObject {
  // What management tools answer is made of plain data, which is written as JSON here and by the endpoint.
  return { content: [{ type: "text", text: JSON.stringify(value) }], structuredContent: value as JsonObject };
}
