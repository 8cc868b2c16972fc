import {
  type Failure,
  isJsonObject,
  type JsonValue,
  traceParents,
  type Witnesses,
  withoutTrace,
} from "@mcp-hangar/core";
import {
  type Client,
  LIBRARY_CLIENT,
  type OperationFinished,
  type OperationOutcome,
  type OperationSpan,
  registeredName,
  shortText,
} from "@mcp-hangar/telemetry";
import {
  isOperationFailure,
  type Operation,
  type OperationChange,
  type OperationContext,
  type OperationFailure,
  operationFailure,
} from "./operation.ts";
import { type AdmitOperation, rateLimitFailure } from "./rate-limit.ts";

/** Names typed by callers are kept up to this length. */
const NAME_MAX = 200;

/** What the gateway gives to the records of operations. */
export interface RecordingParts {
  readonly newId: () => string;
  /** The rate limit of callers. */
  readonly admit: AdmitOperation;
}

/**
 * The same operation under the rate limit of its caller, which has a span and tells everybody of its end. What changes something is
 * written down before, where there is a journal. Calls of tools are limited and have events of their own; only when there is none,
 * because the input is wrong, is their operation told.
 */
export function recorded(operation: Operation, witnesses: Witnesses, parts: RecordingParts): Operation {
  const record = new OperationRecords(operation, witnesses, parts);
  if (operation.openWorld !== true)
    return { ...operation, perform: (input, context) => record.perform(input, context) };
  return {
    ...operation,
    async perform(input, context) {
      const begun = record.begin(input, context);
      const span = record.startSpan(context);
      const tell = (outcome: OperationOutcome) => record.end(begun, outcome, { trace: span.trace });
      const value = await spanned(span, operation.perform(input, within(span, context)), tell);
      if (!isUndone(value, context)) return value;
      return (await tell(value.code)) ?? value;
    },
  };
}

/** What stands for an operation where a caller asks the interface for what it does not have: told as any other, and never done. */
export type NoOperation = Readonly<Record<"read" | "change", Operation["perform"]>>;

/** By whether the request would have changed something. */
export function noOperation(witnesses: Witnesses, parts: RecordingParts): NoOperation {
  const refuse: Operation["perform"] = async (_input, { refused }) => refused ?? NOTHING;
  const performOf = (effect: "read" | "change"): Operation["perform"] => {
    const record = new OperationRecords({ id: "_other", effect, perform: refuse }, witnesses, parts);
    return (input, context) => record.perform(input, context);
  };
  return { read: performOf("read"), change: performOf("change") };
}

const NOTHING = operationFailure("invalid_request", 404, "there is no such operation");

/** What records say of an operation. */
type Recorded = Pick<Operation, "id" | "effect" | "tool" | "perform">;

/** One run of an operation, before its end. */
interface Begun {
  readonly id: string;
  readonly startedMs: number;
  readonly target: string | undefined;
  readonly context: OperationContext;
}

/** The book-keeping of the runs of one operation. */
class OperationRecords {
  readonly #operation: Recorded;
  readonly #witnesses: Witnesses;
  readonly #parts: RecordingParts;

  constructor(operation: Recorded, witnesses: Witnesses, parts: RecordingParts) {
    this.#operation = operation;
    this.#witnesses = witnesses;
    this.#parts = parts;
  }

  begin(input: unknown, context: OperationContext): Begun {
    return { id: this.#parts.newId(), startedMs: this.#witnesses.clock.nowMs(), target: targetOf(input), context };
  }

  startSpan({ caller, door, relay }: OperationContext): OperationSpan {
    const { id: operation, tool } = this.#operation;
    const { client = LIBRARY_CLIENT, meta, trace } = relay;
    return this.#witnesses.tracer.startOperation({
      operation,
      tool: door === "mcp" ? tool : undefined,
      door,
      caller,
      client,
      ...traceParents(meta, trace),
    });
  }

  async perform(input: unknown, context: OperationContext): Promise<object | OperationFailure> {
    const begun = this.begin(input, context);
    const { relay, refused } = context;
    const { client = LIBRARY_CLIENT } = relay;
    const span = this.startSpan(context);
    let change: OperationChange = {};
    const changed = (told: OperationChange): void => {
      change = told;
    };
    const work = async (): Promise<object | OperationFailure> => {
      const limited = this.#parts.admit(context.caller);
      if (limited !== undefined) return rateLimitFailure(limited);
      return (
        refused ??
        (await this.#agreed(begun, client)) ??
        this.#operation.perform(input, { ...within(span, context), changed })
      );
    };
    const tell = (outcome: OperationOutcome) => this.end(begun, outcome, { ...change, trace: span.trace });
    const value = await spanned(span, work(), tell);
    return (await tell(outcomeOf(value))) ?? value;
  }

  /** Tells everybody of the end of a run; a failure where it could not be written down. */
  async end(
    { id, startedMs, target: named, context }: Begun,
    outcome: OperationOutcome,
    { trace, ...change }: OperationChange & Pick<OperationSpan, "trace">,
  ): Promise<OperationFailure | undefined> {
    const { clock } = this.#witnesses;
    const { caller, door, relay } = context;
    const { target = named, before, after } = change;
    const event: OperationFinished = {
      type: "operation.finished",
      timeMs: clock.wallMs(),
      operationId: id,
      // Operations are ours.
      operation: registeredName(this.#operation.id),
      effect: this.#operation.effect,
      door,
      target: target === undefined ? undefined : shortText(target, NAME_MAX),
      outcome,
      change: before === undefined && after === undefined ? undefined : { before, after },
      durationSeconds: (clock.nowMs() - startedMs) / 1_000,
      caller,
      client: relay.client ?? LIBRARY_CLIENT,
      trace,
    };
    return refusalOf(await this.#witnesses.ended(event));
  }

  /** Has it written down that something is about to be changed; a failure when it must not be. */
  async #agreed({ id, target, context }: Begun, client: Client): Promise<OperationFailure | undefined> {
    const { id: method, effect } = this.#operation;
    if (effect === "read" || !this.#witnesses.mustAgree) return undefined;
    const { caller, signal } = context;
    const intent = { id, kind: "operation", method, server: undefined, subject: target, caller, client } as const;
    return refusalOf(await this.#witnesses.begin(intent, signal));
  }
}

function refusalOf(refusal: Failure | undefined): OperationFailure | undefined {
  return refusal && operationFailure(refusal.code, 503, refusal.message);
}

/** Ends the span together with the work of an operation, whatever becomes of that; work that throws is told here. */
async function spanned(
  span: OperationSpan,
  work: Promise<object | OperationFailure>,
  tell: (outcome: OperationOutcome) => Promise<unknown>,
): Promise<object | OperationFailure> {
  try {
    const value = await work;
    span.end(outcomeOf(value));
    return value;
  } catch (error) {
    span.end("internal");
    await tell("internal");
    throw error;
  }
}

function outcomeOf(value: object): OperationOutcome {
  return isOperationFailure(value) ? value.code : "done";
}

/** The same context, in which calls and batches continue the trace of the operation. */
function within({ outbound }: OperationSpan, context: OperationContext): OperationContext {
  const { relay } = context;
  return { ...context, relay: { ...relay, meta: withoutTrace(relay.meta), trace: outbound } };
}

/** Whether nothing was done because of the request or its input, by which a batch or a call has not even begun. */
function isUndone(value: object, { refused }: OperationContext): value is OperationFailure {
  return isOperationFailure(value) && (value === refused || value.problems !== undefined);
}

/** What an operation is about, as the caller names it. */
function targetOf(input: unknown): string | undefined {
  // Doors hand in what was JSON.
  if (!isJsonObject(input as JsonValue)) return undefined;
  const { server, group, id, name } = input as Readonly<Record<string, unknown>>;
  return [group, server, id, name].find((text): text is string => typeof text === "string");
}
