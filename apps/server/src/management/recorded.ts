import { isJsonObject, type JsonValue, type Witnesses } from "@mcp-hangar/core";
import {
  type Client,
  LIBRARY_CLIENT,
  type OperationFinished,
  type OperationOutcome,
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
interface RecordingParts {
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
      const value = await operation.perform(input, context);
      if (isInvalidInput(value)) await record.end(record.begin(input, context), value.code, {});
      return value;
    },
  };
}

/** One run of an operation, before its end. */
interface Begun {
  readonly id: string;
  readonly startedMs: number;
  readonly target: string | undefined;
  readonly context: OperationContext;
}

/** The book-keeping of the runs of one operation. */
class OperationRecords {
  readonly #operation: Operation;
  readonly #witnesses: Witnesses;
  readonly #parts: RecordingParts;

  constructor(operation: Operation, witnesses: Witnesses, parts: RecordingParts) {
    this.#operation = operation;
    this.#witnesses = witnesses;
    this.#parts = parts;
  }

  begin(input: unknown, context: OperationContext): Begun {
    return { id: this.#parts.newId(), startedMs: this.#witnesses.clock.nowMs(), target: targetOf(input), context };
  }

  async perform(input: unknown, context: OperationContext): Promise<object | OperationFailure> {
    const begun = this.begin(input, context);
    const { caller, relay, refused } = context;
    const { client = LIBRARY_CLIENT, trace: parent = {} } = relay;
    const span = this.#witnesses.tracer.startOperation({ operation: this.#operation.id, caller, client, parent });
    let change: OperationChange = {};
    const changed = (told: OperationChange): void => {
      change = told;
    };
    const limited = this.#parts.admit(caller);
    const refusal =
      limited === undefined ? (refused ?? (await this.#agreed(begun, client))) : rateLimitFailure(limited);
    const value = refusal ?? (await this.#operation.perform(input, { ...context, changed }));
    const outcome = isOperationFailure(value) ? value.code : "done";
    span.end(outcome);
    await this.end(begun, outcome, change);
    return value;
  }

  /** Tells everybody of the end of a run. */
  async end(
    { id, startedMs, target: named, context }: Begun,
    outcome: OperationOutcome,
    change: OperationChange,
  ): Promise<void> {
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
    };
    await this.#witnesses.ended(event);
  }

  /** Has it written down that something is about to be changed; a failure when it must not be. */
  async #agreed({ id, target, context }: Begun, client: Client): Promise<OperationFailure | undefined> {
    const { id: method, effect } = this.#operation;
    if (effect === "read" || !this.#witnesses.mustAgree) return undefined;
    const { caller, signal } = context;
    const intent = { id, kind: "operation", method, server: undefined, subject: target, caller, client } as const;
    const refusal = await this.#witnesses.begin(intent, signal);
    return refusal === undefined ? undefined : operationFailure(refusal.code, 503, refusal.message);
  }
}

/** Whether nothing was done because of the input, by which a batch or a call has not even begun. */
function isInvalidInput(value: object): value is OperationFailure {
  return isOperationFailure(value) && value.problems !== undefined;
}

/** What an operation is about, as the caller names it. */
function targetOf(input: unknown): string | undefined {
  // Doors hand in what was JSON.
  if (!isJsonObject(input as JsonValue)) return undefined;
  const { server, group, id, name } = input as Readonly<Record<string, unknown>>;
  return [group, server, id, name].find((text): text is string => typeof text === "string");
}
