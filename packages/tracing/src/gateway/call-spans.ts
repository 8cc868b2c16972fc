import {
  type Attempt,
  type AttemptSpan,
  AttributeList,
  attributesOf,
  baggageOf,
  type CallFacts,
  type CallFinished,
  type CallSpan,
  type CallStart,
  callFacts,
  HANGAR_ATTRIBUTES as HANGAR,
  type RequestFacts,
  type RequestFinished,
  requestFacts,
  type SpanAttributes,
  type TraceCarrier,
  type TraceRef,
  tracestateOf,
} from "@mcp-hangar/telemetry";
import { SpanKind } from "@opentelemetry/api";
import { DRAFT_BYTES } from "./local-trace.ts";
import { heldPayload, type Payload, putPayload } from "./payload.ts";
import type { ServerStarts } from "./server-starts.ts";
import { carrierOf, type SpanEvent, type SpanRecord } from "./span-record.ts";
import type { Begun, TracingCore } from "./tracing-core.ts";

/** Milliseconds from which waiting for a slot has a span of its own: less is the work of the gateway itself. */
const WAIT_MIN_MS = 1;

/** An attempt that has been begun; `attempt` and `endMs` are known when it has ended. */
interface Tried {
  readonly spanId: string;
  readonly startMs: number;
  /** The same by the monotonic clock. */
  readonly sinceMs: number;
  endMs: number;
  attempt: Attempt | undefined;
}

/** The span of a call or of another request: what is noted while it runs is little, and spans are made of it in the end. */
export class GatewayCallSpan implements CallSpan {
  readonly #core: TracingCore;
  readonly #starts: ServerStarts;
  readonly #start: CallStart;
  readonly #begun: Begun;
  readonly #kind: SpanKind;
  readonly #events: SpanEvent[] = [];
  readonly #attempts: Tried[] = [];

  constructor(start: CallStart, core: TracingCore, starts: ServerStarts) {
    this.#core = core;
    this.#starts = starts;
    this.#start = start;
    // What came over MCP is served; a call that an operation, a batch or a program makes is a step of its own work.
    this.#kind = start.origin === "mcp" ? SpanKind.SERVER : SpanKind.INTERNAL;
    this.#begun = core.begin(start.parent, start.link, this.#kind);
  }

  get trace(): TraceRef {
    return this.#begun.identity;
  }

  event(name: string, attributes: SpanAttributes = {}): void {
    this.#events.push({ name, timeMs: this.#begun.timeline.nowMs(), attributes });
  }

  startAttempt(server: string): AttemptSpan {
    const { timeline } = this.#begun;
    const startMs = timeline.nowMs();
    const tried: Tried = {
      spanId: this.#core.options.ids.generateSpanId(),
      startMs,
      sinceMs: this.#core.options.clock.nowMs(),
      endMs: startMs,
      attempt: undefined,
    };
    this.#attempts.push(tried);
    return {
      outbound: this.#outbound(tried.spanId, server),
      end: (attempt) => {
        tried.attempt = attempt;
        tried.endMs = timeline.nowMs();
      },
    };
  }

  end(event: CallFinished | RequestFinished): void {
    const { identity, timeline, isRoot } = this.#begun;
    const endMs = timeline.nowMs();
    const isCall = event.type === "call.finished";
    const facts = isCall ? callFacts(event) : requestFacts(event);
    const isWorthIt = this.#core.isWorthIt(facts.status !== "success", event.durationSeconds * 1_000);
    // What is kept back holds no payload: it may wait as long as its batch.
    const { payload: options } = this.#core.options;
    const payload = isCall && (identity.sampled || isWorthIt) ? heldPayload(event, options) : undefined;
    const draft = {
      spans: this.#spans(),
      bytes: DRAFT_BYTES + (payload?.bytes ?? 0),
      make: () => this.#records(facts, endMs, payload),
    };
    identity.local.finish(draft, { isWorthIt, isRoot });
  }

  /** How many spans it becomes. */
  #spans(): number {
    let spans = 1;
    for (const { attempt } of this.#attempts) if (attempt !== undefined) spans += 1 + waitsOf(attempt);
    return spans;
  }

  #outbound(spanId: string, server: string): TraceCarrier {
    const { traceId, local } = this.#begun.identity;
    const { parent } = this.#start;
    const baggage = this.#core.options.mayHaveBaggage(server) ? baggageOf(parent) : undefined;
    return carrierOf({ traceId, spanId, sampled: local.sampled }, tracestateOf(parent), baggage);
  }

  #records(facts: CallFacts | RequestFacts, endMs: number, payload: Payload | undefined): readonly SpanRecord[] {
    const { identity, parent, links, startMs } = this.#begun;
    const attributes = attributesOf(facts);
    if (payload !== undefined) putPayload(attributes, payload, this.#core.options.payload);
    const name = nameOf(facts, this.#start.method);
    const root: SpanRecord = {
      traceId: identity.traceId,
      spanId: identity.spanId,
      parent,
      name,
      kind: this.#kind,
      startMs,
      endMs,
      attributes,
      links,
      events: this.#momentsOf(facts, endMs),
      error: facts.status === "success" ? undefined : this.#wordsOf(facts),
    };
    const records = [root];
    for (const tried of this.#attempts) this.#addAttempt(records, tried, { facts, name, attributes });
    return records;
  }

  /** Why it failed: in the server's words only where results are captured. */
  #wordsOf(facts: CallFacts | RequestFacts): string {
    return (this.#core.options.payload.captureResults ? facts.message : facts.summary) ?? "";
  }

  /** What has no length: a failover, and a refusal by a limit. */
  #momentsOf(facts: CallFacts | RequestFacts, endMs: number): readonly SpanEvent[] {
    const moments = this.#events.filter(({ name }) => name !== "cold_start");
    if (facts.cause !== "rate_limited") return moments;
    return [...moments, { name: "rate_limited", timeMs: endMs, attributes: {} }];
  }

  #addAttempt(
    records: SpanRecord[],
    { spanId, startMs, sinceMs, endMs, attempt }: Tried,
    { facts, name, attributes: ofCall }: CallParts,
  ): void {
    // An attempt whose end nobody told has not been made.
    if (attempt === undefined) return;
    const { traceId, spanId: callId } = this.#begun.identity;
    const isLast = attempt === facts.reached;
    const attributes = this.#core.attempts.of(attempt, facts, ofCall);
    records.push({
      traceId,
      spanId,
      parent: { spanId: callId, isRemote: false, tracestate: tracestateOf(this.#start.parent) },
      name,
      kind: SpanKind.CLIENT,
      startMs,
      endMs,
      attributes,
      error: attempt.code === "success" ? undefined : isLast ? this.#wordsOf(facts) : "",
    });
    this.#addWaits(records, { traceId, spanId, startMs, sinceMs }, attempt);
  }

  /** What an attempt waited for before anything was sent, as far as it took time. */
  #addWaits(records: SpanRecord[], of: AttemptPlace, attempt: Attempt): void {
    const { server, waitedSeconds, coldStartSeconds } = attempt;
    const { traceId, startMs, sinceMs } = of;
    const parent = { spanId: of.spanId, isRemote: false, tracestate: undefined };
    const admittedMs = startMs + waitedSeconds * 1_000;
    const common = { traceId, parent, kind: SpanKind.INTERNAL };
    if (hasWaited(attempt)) {
      const attributes = AttributeList.of({ [HANGAR.serverId]: server });
      const spanId = this.#core.options.ids.generateSpanId();
      records.push({ ...common, spanId, name: "wait for slot", startMs, endMs: admittedMs, attributes });
    }
    if (coldStartSeconds !== undefined) {
      const start = this.#starts.waitedFor(server, sinceMs + (waitedSeconds + coldStartSeconds) * 1_000);
      records.push({
        ...common,
        spanId: this.#core.options.ids.generateSpanId(),
        name: "cold start",
        startMs: admittedMs,
        endMs: admittedMs + coldStartSeconds * 1_000,
        attributes: AttributeList.of({ [HANGAR.serverId]: server, ...(start && { [HANGAR.serverState]: start.from }) }),
        links: start === undefined ? [] : [start.link],
      });
    }
  }
}

/** Where the span of an attempt stands. */
type AttemptPlace = Pick<SpanRecord, "traceId" | "spanId" | "startMs"> & Pick<Tried, "sinceMs">;

/** What the spans of attempts have of that of their call. */
interface CallParts {
  readonly facts: CallFacts | RequestFacts;
  readonly name: string;
  readonly attributes: AttributeList;
}

/** Such as `tools/call add`. Only names that servers have listed: what callers type would make endless names. */
function nameOf(facts: CallFacts | RequestFacts, method: string): string {
  const target = facts.kind === "call" ? facts.knownTool : facts.method === "prompts/get" ? promptOf(facts) : undefined;
  return target === undefined ? method : `${method} ${target}`;
}

/** A prompt that a server has answered for exists. */
function promptOf({ status, subject }: RequestFacts): string | undefined {
  return status === "success" ? subject : undefined;
}

/** How many spans say what an attempt waited for. */
function waitsOf(attempt: Attempt): number {
  return (hasWaited(attempt) ? 1 : 0) + (attempt.coldStartSeconds === undefined ? 0 : 1);
}

function hasWaited({ waitedSeconds }: Attempt): boolean {
  return waitedSeconds * 1_000 >= WAIT_MIN_MS;
}
