import type { CancelSignal, RelayContext } from "@mcp-hangar/core";
import type { Caller, OperationFailureCode, OperationFinished } from "@mcp-hangar/telemetry";
import type { z } from "zod";
import type { Permission } from "../access/permissions.ts";
import type { RouteMethod } from "../http/route.ts";

/** What an operation has changed, in words for records: without secrets. */
export interface OperationChange {
  /** What was changed; as the caller named it when absent. */
  readonly target?: string | undefined;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** On whose behalf an operation runs. */
export interface OperationContext {
  readonly caller: Caller;
  /** The door by which it was asked for. */
  readonly door: OperationFinished["door"];
  /** What is wrong with the input so that it could not even be read: nothing is done, and that is told as any other failure. */
  readonly refused?: OperationFailure | undefined;
  /** To be told of what the operation has changed, where input and outcome do not say it. */
  readonly changed?: ((change: OperationChange) => void) | undefined;
  /** Aborted when the caller left. */
  readonly signal: CancelSignal;
  /** What travels along with calls that the operation makes: trace, correlation, the way back to an MCP client. */
  readonly relay: RelayContext;
}

/** Why an operation did not do what it was asked; a value, as all expected refusals are. */
export interface OperationFailure {
  readonly kind: "failure";
  /** A stable word for programs, such as `unknown_server`. */
  readonly code: OperationFailureCode;
  /** Status of the REST answer. */
  readonly status: number;
  /** What happened, and what to do. */
  readonly message: string;
  /** Problems by field, where there are several. */
  readonly problems?: readonly InputProblem[];
  /** When it makes sense to try again, where that is known. */
  readonly retryAfterS?: number;
  /** Further members for programs, such as the id of a batch. */
  readonly details?: Readonly<Record<string, unknown>>;
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
  /** Its tool is for agents at their work, which find it on `/mcp`; the tools of others are at `/manage/mcp`. */
  readonly forAgents?: true;
  /** Whether it can succeed as the gateway is configured now. If not, the tool does not exist, and REST says why. */
  readonly offered?: () => boolean;
  /** Its place in the REST interface; absent when it has none. Input comes from path, query and JSON body together. */
  readonly route?: { readonly method: RouteMethod; readonly path: `/api/${string}` };
  /** What it does is the business of others than the gateway: the servers whose tools are called. */
  readonly openWorld?: true;
}

/** An operation as it is written: input and output have the types of their schemas. */
export interface OperationDefinition<Input extends z.ZodObject, Output extends z.ZodObject>
  extends OperationShape<Input, Output> {
  readonly run: (
    input: z.output<Input>,
    context: OperationContext,
  ) => z.input<Output> | OperationFailure | Promise<z.input<Output> | OperationFailure>;
}

/** An operation as the doors use it. */
export interface Operation extends OperationShape<z.ZodObject, z.ZodObject> {
  /** Parses what a client sent and does what it asks. Resolves to a value of the output schema, or to a failure. */
  readonly perform: (input: unknown, context: OperationContext) => Promise<object | OperationFailure>;
}

/**
 * Something the gateway does for its operators: written once, offered as a management tool and over REST. A field that
 * the input schema does not have is refused, whether or not the schema says so itself.
 */
export function operation<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: OperationDefinition<Input, Output>,
): Operation {
  const { run, ...shape } = definition;
  const input = definition.input.strict();
  return {
    ...shape,
    input,
    async perform(raw, context) {
      if (context.refused !== undefined) return context.refused;
      const parsed = parseInput(input, raw);
      // `strict()` changes what is refused, not what is parsed.
      return "kind" in parsed ? parsed : run(parsed.value as z.output<Input>, context);
    },
  };
}

/** An operation that finds by itself what is wrong with its input, in words of its own; the schema only describes it. */
export function rawOperation<Input extends z.ZodObject, Output extends z.ZodObject>(
  shape: OperationShape<Input, Output>,
  perform: (input: unknown, context: OperationContext) => Promise<z.input<Output> | OperationFailure>,
): Operation {
  return { ...shape, perform: async (input, context) => context.refused ?? perform(input, context) };
}

/** Parses what a client sent, or says by field what is wrong with it. */
export function parseInput<Input extends z.ZodObject>(
  schema: Input,
  raw: unknown,
): { readonly value: z.output<Input> } | OperationFailure {
  const parsed = schema.safeParse(raw);
  return parsed.success ? { value: parsed.data } : invalidInput(parsed.error.issues.flatMap(problemsOf));
}

/** One thing that is wrong with the input of an operation. */
interface InputProblem {
  /** Name of the field, with dots; empty when it is about the whole. */
  readonly field: string;
  readonly message: string;
}

/** The failure of an operation whose input is wrong. */
export function invalidInput(problems: readonly InputProblem[]): OperationFailure {
  const [first, ...others] = problems;
  const detail = first === undefined ? "" : `: ${first.field === "" ? "" : `${first.field}: `}${first.message}`;
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return {
    ...operationFailure("invalid_request", 400, `nothing was done, the input is wrong${detail}${more}`),
    problems,
  };
}

/** Names typed by callers are repeated up to this length. */
const NAME_MAX = 100;
/** Fields that do not exist are named up to this many an object: a body may be made of nothing else. */
const UNKNOWN_MAX = 20;

function problemsOf(issue: z.core.$ZodIssue): readonly InputProblem[] {
  const field = (path: readonly PropertyKey[]): string => path.map(String).join(".");
  if (issue.code !== "unrecognized_keys") return [{ field: field(issue.path), message: issue.message }];
  const unknown = issue.keys.slice(0, UNKNOWN_MAX).map((key) => ({
    field: field([...issue.path, key.slice(0, NAME_MAX)]),
    message: "there is no such field",
  }));
  const more = issue.keys.length - unknown.length;
  const rest = { field: field(issue.path), message: `there are ${more} more fields that do not exist` };
  return more === 0 ? unknown : [...unknown, rest];
}

/** Whether an operation could not be done. */
export function isOperationFailure(value: object): value is OperationFailure {
  return "kind" in value && value.kind === "failure";
}

/** Makes the value of an operation that could not be done. */
export function operationFailure(code: OperationFailureCode, status: number, message: string): OperationFailure {
  return { kind: "failure", code, status, message };
}
