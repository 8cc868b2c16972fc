import {
  type BatchItem,
  type CallOrigin,
  type CallStart,
  type CallTracer,
  type Ended,
  type Intent,
  type Journal,
  LIBRARY_CLIENT,
  passThroughTracer,
  type Telemetry,
  type TelemetryBus,
  type UsageReader,
  type Written,
} from "@mcp-hangar/telemetry";
import { LOCAL_CALLER, type RelayContext } from "./call.ts";
import { type Failure, failure } from "./errors.ts";
import type { CancelSignal } from "./platform/cancellation.ts";
import type { Clock } from "./platform/platform.ts";
import { traceParents } from "./protocol/meta.ts";

/** Everybody who is told what is done for callers: the tracer, the journal and the listeners of the bus. */
export class Witnesses {
  readonly tracer: CallTracer;
  readonly clock: Clock;
  /** Reads what servers say that calls have cost; `undefined` when nobody wants to know. */
  readonly readUsage: UsageReader | undefined;
  readonly #bus: TelemetryBus;
  readonly #journal: Journal | undefined;
  #open = 0;

  constructor({ bus, tracer = passThroughTracer, journal, readUsage }: Telemetry, clock: Clock) {
    this.readUsage = readUsage;
    this.tracer = tracer;
    this.clock = clock;
    this.#bus = bus;
    this.#journal = journal;
  }

  /** Whether somebody has to agree before anything is done. */
  get mustAgree(): boolean {
    return this.#journal !== undefined;
  }

  /**
   * Writes down what is about to be done; a failure when that is not possible, so that it must not be done. Who gives up by `signal`
   * waits no more: nothing is done then, whatever the journal has written.
   */
  begin(intent: Intent, signal?: CancelSignal): Unwritten {
    const written = this.#journal?.begin(intent);
    return written instanceof Promise ? unlessAborted(written.then(notBegun), signal) : notBegun(written);
  }

  /** Calls and other requests that have begun, and whose end nobody was told of yet. */
  get open(): number {
    return this.#open;
  }

  /** A call or another request has begun; to be followed by one {@link settled}. */
  began(): void {
    this.#open += 1;
  }

  /** Tells of the end of what {@link began}, as {@link ended} does. */
  settled(event: Ended): Unwritten {
    this.#open -= 1;
    return this.ended(event);
  }

  /** Tells everybody of the end. The answer must wait for what it returns, and be replaced by it where it is a failure. */
  ended(event: Ended): Unwritten {
    this.#bus.emit(event);
    const written = this.#journal?.end(event);
    if (written === undefined) return undefined;
    const refusalOf = mayBeDone(event) ? notEnded : notBegun;
    return written instanceof Promise ? written.then(refusalOf) : refusalOf(written);
  }
}

/** What must be answered in the place of an answer whose end could not be written down; `undefined` where it could. */
export type Unwritten = undefined | Failure | Promise<Failure | undefined>;

/** What a tracer is told of a request to one server. */
export function startOf(
  context: RelayContext,
  request: {
    readonly server: string;
    readonly tool: string | undefined;
    readonly method: string;
    readonly origin: CallOrigin;
    readonly batch?: BatchItem | undefined;
  },
): CallStart {
  const { server, tool, method, origin, batch } = request;
  const { caller = LOCAL_CALLER, client = LIBRARY_CLIENT, trace } = context;
  return {
    server,
    tool,
    method,
    origin,
    caller,
    client,
    batchId: batch?.id,
    ...traceParents(context.meta, trace),
  };
}

/** What is awaited, or a failure as soon as the signal aborts. */
function unlessAborted(
  awaited: Promise<Failure | undefined>,
  signal: CancelSignal | undefined,
): Promise<Failure | undefined> {
  if (signal === undefined) return awaited;
  const { promise, resolve } = Promise.withResolvers<Failure | undefined>();
  const onAbort = (): void => resolve(failure("cancelled", "gave up waiting for the audit journal"));
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort);
  void awaited.then(resolve).finally(() => signal.removeEventListener("abort", onAbort));
  return promise;
}

type Refusal = Exclude<Written, Promise<unknown>>;

/** Whether anything was sent to a server, or an operation was carried out, however that ended. */
function mayBeDone(event: Ended): boolean {
  if (event.type === "operation.finished") return event.outcome === "done";
  return event.attempts.some(({ upstreamSeconds }) => upstreamSeconds !== undefined);
}

function notBegun(refusal: Refusal): Failure | undefined {
  if (refusal === undefined) return undefined;
  return failure("audit_unavailable", `nothing was done: ${refusal.message}`, refusal.retryAfterMs);
}

function notEnded(refusal: Refusal): Failure | undefined {
  if (refusal === undefined) return undefined;
  const message = `it may have been done, and how it ended could not be written down: ${refusal.message}`;
  return { ...failure("audit_unavailable", message, refusal.retryAfterMs), maybeExecuted: true };
}
