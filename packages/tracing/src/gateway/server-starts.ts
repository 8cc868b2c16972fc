import {
  AttributeList,
  HANGAR_ATTRIBUTES as HANGAR,
  OTEL_ATTRIBUTES as OTEL,
  redactText,
  type ServerStartFinished,
  type ServerStateChanged,
} from "@mcp-hangar/telemetry";
import { SpanKind } from "@opentelemetry/api";
import { DRAFT_BYTES } from "./local-trace.ts";
import type { SpanLink, SpanRecord } from "./span-record.ts";
import type { Begun, TracingCore } from "./tracing-core.ts";

/** Characters of a diagnosis that stand on a span. */
const DIAGNOSIS_CHARS_MAX = 2_000;
/** Starts of a server that are remembered: a call that has waited for one is told of when it ends, and the server may have been started again by then. */
const STARTS_MAX = 16;
/** Milliseconds of the gateway's own work between the beginning of an attempt and that of the start that it waits for. */
const SLACK_MS = 5;

interface Start {
  readonly begun: Begun;
  /** By the monotonic clock. */
  readonly sinceMs: number;
  /** The state that it was started from. */
  readonly from: string;
  event: ServerStartFinished | undefined;
  /** Whether a call that is exported waited for it. */
  isWanted: boolean;
}

/**
 * The starts of servers. A start is one span of its own, however many calls wait for it: they link to it, and it is exported if one of
 * them is, or when it failed.
 */
export class ServerStarts {
  readonly #core: TracingCore;
  /** The last starts of each server, in their order. */
  readonly #starts = new Map<string, Start[]>();

  constructor(core: TracingCore) {
    this.#core = core;
  }

  stateChanged({ server, from, to }: ServerStateChanged): void {
    if (to !== "initializing") return;
    const begun = this.#core.begin({}, undefined, SpanKind.INTERNAL);
    const sinceMs = this.#core.options.clock.nowMs();
    const starts = this.#starts.get(server) ?? [];
    starts.push({ begun, sinceMs, from, event: undefined, isWanted: begun.identity.sampled });
    if (starts.length > STARTS_MAX) starts.shift();
    this.#starts.set(server, starts);
  }

  finished(event: ServerStartFinished): void {
    const start = this.#starts.get(event.server)?.at(-1);
    if (start === undefined || start.event !== undefined) return;
    start.event = event;
    start.isWanted ||= event.result === "failure" && this.#core.options.keep.errors;
    if (start.isWanted) this.#export(event, start);
  }

  forget(server: string): void {
    this.#starts.delete(server);
  }

  /** The start that a call waited for until then, by the monotonic clock; from now on it is exported. */
  waitedFor(server: string, untilMs: number): { readonly link: SpanLink; readonly from: string } | undefined {
    const starts = this.#starts.get(server);
    const start = starts?.findLast(({ sinceMs }) => sinceMs <= untilMs + SLACK_MS) ?? starts?.[0];
    if (start === undefined) return undefined;
    const isNew = !start.isWanted;
    start.isWanted = true;
    if (isNew && start.event !== undefined) this.#export(start.event, start);
    const { traceId, spanId } = start.begun.identity;
    return { link: { traceId, spanId, sampled: true }, from: start.from };
  }

  #export({ server, durationSeconds, diagnosis }: ServerStartFinished, { begun, from }: Start): void {
    const { identity, startMs } = begun;
    const endMs = startMs + durationSeconds * 1_000;
    const make = (): readonly SpanRecord[] => [
      {
        traceId: identity.traceId,
        spanId: identity.spanId,
        parent: undefined,
        name: "server start",
        kind: SpanKind.INTERNAL,
        startMs,
        endMs,
        attributes: AttributeList.of({
          [HANGAR.serverId]: redactText(server),
          [HANGAR.serverState]: from,
          ...(diagnosis !== undefined && { [OTEL.errorType]: "start_failed" }),
        }),
        ...(diagnosis !== undefined && { error: redactText(diagnosis, DIAGNOSIS_CHARS_MAX) }),
      },
    ];
    this.#core.options.exportSpans({ spans: 1, bytes: DRAFT_BYTES, make });
  }
}
