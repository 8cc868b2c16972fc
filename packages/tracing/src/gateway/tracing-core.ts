import type { Clock } from "@mcp-hangar/delivery";
import {
  type MayHaveBaggage,
  parseTraceparent,
  type TraceCarrier,
  type TraceRef,
  tracestateOf,
} from "@mcp-hangar/telemetry";
import { type Context, ROOT_CONTEXT, SpanKind, TraceFlags, trace } from "@opentelemetry/api";
import { type IdGenerator, type Sampler, SamplingDecision } from "@opentelemetry/sdk-trace";
import { AttemptAttributes } from "./attempt-attributes.ts";
import { HeldBack } from "./held-back.ts";
import { type Export, LocalTrace } from "./local-trace.ts";
import type { PayloadSettings } from "./payload.ts";
import type { SpanLink, SpanParent } from "./span-record.ts";

/** What is exported although the sampler did not choose it. */
export interface KeepOptions {
  /** Calls and requests that failed. */
  readonly errors: boolean;
  /** Those that took this many milliseconds or more; `undefined` keeps none for that. */
  readonly slowMs: number | undefined;
}

export interface TracingCoreOptions {
  readonly clock: Clock;
  readonly ids: IdGenerator;
  readonly sampler: Sampler;
  readonly keep: KeepOptions;
  readonly payload: PayloadSettings;
  readonly mayHaveBaggage: MayHaveBaggage;
  readonly exportSpans: Export;
  /** Told of spans that were to be exported and for which there was no room. */
  readonly onMissing: (spans: number) => void;
}

/** The identity of a span that is running: what is handed on, and what log lines and exemplars name. */
export class SpanIdentity implements TraceRef, SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly local: LocalTrace;

  constructor(traceId: string, spanId: string, local: LocalTrace) {
    this.traceId = traceId;
    this.spanId = spanId;
    this.local = local;
  }

  /** Whether it is exported, as far as is known by now. */
  get sampled(): boolean {
    return this.local.isKept;
  }
}

/** Where a span stands, and when it began. */
export interface Begun {
  readonly identity: SpanIdentity;
  readonly parent: SpanParent | undefined;
  readonly links: readonly SpanLink[];
  readonly timeline: Timeline;
  /** Whether nothing of the gateway stands above it. */
  readonly isRoot: boolean;
  readonly startMs: number;
}

/** What may stand beneath a span of the gateway: spans find it by the context that it handed to them. */
export interface OpenSpan {
  readonly identity: SpanIdentity;
  readonly timeline: Timeline;
}

/** Milliseconds since the epoch that run as evenly as the monotonic clock, so that no span of a trace ends before it began. */
export class Timeline {
  readonly #clock: Clock;
  readonly #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.wallMs() - clock.nowMs();
  }

  nowMs(): number {
    return this.#offsetMs + this.#clock.nowMs();
  }
}

/** What all spans of the gateway share: identities, sampling, and which operations and batches are open. */
export class TracingCore {
  readonly options: TracingCoreOptions;
  /** Operations and batches that run, by the id of their span. */
  readonly #open = new Map<string, OpenSpan>();
  readonly attempts = new AttemptAttributes();
  readonly #heldBack: HeldBack;

  constructor(options: TracingCoreOptions) {
    this.options = options;
    this.#heldBack = new HeldBack(options);
  }

  /** Begins a span under the context that came along: of a span of this gateway, of another process, or of nobody. */
  begin(carrier: TraceCarrier, link: TraceCarrier | undefined, kind: SpanKind): Begun {
    const { ids, clock } = this.options;
    const parent = parseTraceparent(carrier.traceparent);
    const links = linksTo(link);
    const spanId = ids.generateSpanId();
    const above = parent === undefined ? undefined : this.#open.get(parent.spanId);
    const tracestate = parent === undefined ? undefined : tracestateOf(carrier);
    if (parent !== undefined && above?.identity.traceId === parent.traceId) {
      const { identity, timeline } = above;
      return {
        identity: new SpanIdentity(parent.traceId, spanId, identity.local),
        parent: { spanId: parent.spanId, isRemote: false, tracestate },
        links,
        timeline,
        isRoot: false,
        startMs: timeline.nowMs(),
      };
    }
    const traceId = parent?.traceId ?? ids.generateTraceId();
    const local = new LocalTrace(this.#isSampled(parent, traceId, kind), this.#heldBack);
    const timeline = new Timeline(clock);
    return {
      identity: new SpanIdentity(traceId, spanId, local),
      parent: parent === undefined ? undefined : { spanId: parent.spanId, isRemote: true, tracestate },
      links,
      timeline,
      isRoot: true,
      startMs: timeline.nowMs(),
    };
  }

  /** Makes a span findable for those beneath it, until it is closed. */
  open({ identity, timeline }: Begun): void {
    this.#open.set(identity.spanId, { identity, timeline });
  }

  close({ identity }: Begun): void {
    this.#open.delete(identity.spanId);
  }

  /** Whether a piece of work is exported though the sampler did not choose it. */
  isWorthIt(failed: boolean, durationMs: number): boolean {
    const { errors, slowMs } = this.options.keep;
    return (errors && failed) || (slowMs !== undefined && durationMs >= slowMs);
  }

  #isSampled(parent: TraceRef | undefined, traceId: string, kind: SpanKind): boolean {
    const context = parent === undefined ? ROOT_CONTEXT : parent.sampled ? UNDER_SAMPLED : UNDER_UNSAMPLED;
    // Names are known in the end; none of the samplers that can be configured looks at them.
    const { decision } = this.options.sampler.shouldSample(context, traceId, SpanKind[kind], kind, {}, []);
    return decision === SamplingDecision.RECORD_AND_SAMPLED;
  }
}

/** What samplers see of a parent in another process: they are told the trace's own id besides, and look at the flag alone. */
const UNDER_SAMPLED = contextUnder(TraceFlags.SAMPLED);
const UNDER_UNSAMPLED = contextUnder(TraceFlags.NONE);

function contextUnder(traceFlags: TraceFlags): Context {
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: "1".repeat(32),
    spanId: "1".repeat(16),
    isRemote: true,
    traceFlags,
  });
}

function linksTo(carrier: TraceCarrier | undefined): readonly SpanLink[] {
  const link = parseTraceparent(carrier?.traceparent);
  return link === undefined ? [] : [link];
}
