import type { Attempt } from "./call-course.ts";
import type { CallFinished, OperationFinished, RequestFinished } from "./events.ts";
import type { Caller, Client } from "./participants.ts";
import { wholeBaggage, wholeTracestate } from "./trace-lists.ts";
import type { BatchResult, CallOrigin } from "./vocabulary.ts";

/** W3C trace context as it travels in headers or in MCP `params._meta` (unprefixed keys, SEP-414). */
export interface TraceCarrier {
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
  readonly baggage?: string | undefined;
}

/** The identity of a span: 32 and 16 lower-case hex digits. */
export interface TraceRef {
  readonly traceId: string;
  readonly spanId: string;
  /** Whether it is exported. A tracer that keeps failures whatever their sampling knows it for good when the span has ended. */
  readonly sampled: boolean;
}

/** What is known of a request before it runs: of a tool call, or of another request that reaches a server. */
export interface CallStart {
  readonly server: string;
  /** The tool; `undefined` for other requests. */
  readonly tool: string | undefined;
  /** Method of MCP. */
  readonly method: string;
  readonly origin: CallOrigin;
  readonly caller: Caller;
  readonly client: Client;
  /** The batch that it is part of; its span is the parent then. */
  readonly batchId: string | undefined;
  /** Trace context of the caller: from `_meta` first, else from HTTP headers. */
  readonly parent: TraceCarrier;
  /** Trace context of the HTTP headers, where `_meta` has another that is the parent. */
  readonly link: TraceCarrier | undefined;
}

/** Attribute values that spans accept. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** The span of one request; every method is cheap, synchronous and must not throw. */
export interface CallSpan {
  /** For log lines, events and exemplars; `undefined` when there is no trace. */
  readonly trace: TraceRef | undefined;
  /** Marks a moment that cost time: a cold start, a retry, waiting for a slot. */
  event(name: string, attributes?: SpanAttributes): void;
  /** Begins an attempt at a server. */
  startAttempt(server: string): AttemptSpan;
  /** Told what everybody is told; `event` must not be kept, because it holds the payload. */
  end(event: CallFinished | RequestFinished): void;
}

/** The span of one attempt at one server. */
export interface AttemptSpan {
  /** What is injected into the request to the server. */
  readonly outbound: TraceCarrier;
  end(attempt: Attempt): void;
}

/** What is known of an operation of the management before it runs. */
export interface OperationStart {
  readonly operation: string;
  /** The tool of MCP that it was called as; `undefined` over REST. */
  readonly tool: string | undefined;
  readonly door: OperationFinished["door"];
  readonly caller: Caller;
  readonly client: Client;
  readonly parent: TraceCarrier;
  readonly link: TraceCarrier | undefined;
}

/** The span around an operation of the management. */
export interface OperationSpan {
  readonly trace: TraceRef | undefined;
  /** The parent of the calls and batches that the operation makes. */
  readonly outbound: TraceCarrier;
  /** `outcome` is `done` or the code of the failure. */
  end(outcome: OperationFinished["outcome"]): void;
}

/** What is known of a batch before its first call runs. */
export interface BatchStart {
  readonly batchId: string;
  /** Number of items. */
  readonly size: number;
  /** Trace context of whoever sent the batch: from `_meta` first, else from HTTP headers. */
  readonly parent: TraceCarrier;
  readonly link: TraceCarrier | undefined;
}

/** The span around the calls of one batch. */
export interface BatchSpan {
  readonly trace: TraceRef | undefined;
  /** The parent of calls that bring no trace context of their own. */
  readonly outbound: TraceCarrier;
  end(result: BatchResult): void;
}

/** The port through which the runtime makes spans without knowing a tracing library. */
export interface CallTracer {
  startCall(start: CallStart): CallSpan;
  startOperation(start: OperationStart): OperationSpan;
  startBatch(start: BatchStart): BatchSpan;
}

/**
 * Version, trace id, parent id, flags (https://www.w3.org/TR/trace-context/#traceparent-header). Version 00 ends there;
 * a later version may go on after a dash, and version ff is forbidden.
 */
const TRACEPARENT = /^(?!ff|00.{54})[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-[!-~]*)?$/;

/** Characters of one that a later version has made longer. */
const TRACEPARENT_CHARS_MAX = 512;

const ZERO_TRACE_ID = "0".repeat(32);
const ZERO_SPAN_ID = "0".repeat(16);

/** Reads a `traceparent`; malformed or all-zero ids give `undefined`, never an empty parent. */
export function parseTraceparent(traceparent: string | undefined): TraceRef | undefined {
  if (traceparent === undefined || traceparent.length > TRACEPARENT_CHARS_MAX) return undefined;
  if (!TRACEPARENT.test(traceparent)) return undefined;
  const traceId = traceparent.slice(3, 35);
  const spanId = traceparent.slice(36, 52);
  if (traceId === ZERO_TRACE_ID || spanId === ZERO_SPAN_ID) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(traceparent.slice(53, 55), 16) & 1) === 1 };
}

/** What can be handed on of the vendors' part of a trace context; without it the trace stays connected. */
export function tracestateOf({ tracestate }: TraceCarrier): string | undefined {
  return tracestate === undefined ? undefined : wholeTracestate(tracestate);
}

/** What can be handed on of the baggage that came along. */
export function baggageOf({ baggage }: TraceCarrier): string | undefined {
  return baggage === undefined ? undefined : wholeBaggage(baggage);
}

/** Lets a server have the caller's baggage. */
export type MayHaveBaggage = (server: string) => boolean;

/** Makes no span, but hands the trace context on; all attempts have the same. */
class PassThroughSpan implements CallSpan {
  readonly trace: TraceRef | undefined;
  readonly #parent: TraceCarrier;
  readonly #mayHaveBaggage: MayHaveBaggage;

  constructor(parent: TraceCarrier, mayHaveBaggage: MayHaveBaggage) {
    this.trace = parseTraceparent(parent.traceparent);
    this.#parent = parent;
    this.#mayHaveBaggage = mayHaveBaggage;
  }

  startAttempt(server: string): AttemptSpan {
    return { outbound: propagated(this.#parent, this.#mayHaveBaggage(server)), end() {} };
  }

  event(): void {}
  end(): void {}
}

/** What of a context can travel. Baggage stays here: a server that nobody vouched for must not read what the agent's platform wrote into it. */
function propagated(parent: TraceCarrier, withBaggage: boolean): TraceCarrier {
  const isTrace = parseTraceparent(parent.traceparent) !== undefined;
  const tracestate = isTrace ? tracestateOf(parent) : undefined;
  const baggage = withBaggage ? baggageOf(parent) : undefined;
  return {
    ...(isTrace && { traceparent: parent.traceparent }),
    ...(tracestate !== undefined && { tracestate }),
    ...(baggage !== undefined && { baggage }),
  };
}

/** A tracer that makes no spans, but hands the caller's trace context on, so that a trace does not break here. */
export function passThrough(mayHaveBaggage: MayHaveBaggage): CallTracer {
  // Whether a server may have the baggage is decided where it is sent.
  const within = (parent: TraceCarrier) => ({
    trace: parseTraceparent(parent.traceparent),
    outbound: propagated(parent, true),
    end() {},
  });
  return {
    startCall: ({ parent }) => new PassThroughSpan(parent, mayHaveBaggage),
    startOperation: ({ parent }) => within(parent),
    startBatch: ({ parent }) => within(parent),
  };
}

/** The default tracer: no server gets baggage. */
export const passThroughTracer: CallTracer = passThrough(() => false);
