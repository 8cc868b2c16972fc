import { AttributeList, type SpanAttributes } from "@mcp-hangar/telemetry";
import { SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import { TraceState } from "@opentelemetry/core";
import type { SpanEvent, SpanLink, SpanRecord } from "../gateway/span-record.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";
import { RepeatedAttributes } from "./repeated-attributes.ts";
import type { SpanLimits } from "./span-limits.ts";

/** What spans come from. */
export interface SpanOrigin {
  readonly resource: SpanAttributes;
  readonly scope: { readonly name: string; readonly version: string | undefined };
}

/** The attributes of a list, and how many were dropped. */
interface EncodedList {
  readonly bytes: Uint8Array;
  readonly dropped: number;
}

/** Events, links, and attributes of an event that the SDK of OpenTelemetry keeps. */
const PARTS_MAX = 128;
/** Bits of `Span.flags` beside those of W3C: whether it is known that the parent is remote, and whether it is. */
const FLAG_HAS_IS_REMOTE = 0x100;
const FLAG_IS_REMOTE = 0x200;

/** Field numbers of opentelemetry-proto 1.11 (https://github.com/open-telemetry/opentelemetry-proto, `trace.proto`, `common.proto`). */
const REQUEST = { resourceSpans: 1 } as const;
const RESOURCE_SPANS = { resource: 1, scopeSpans: 2 } as const;
const RESOURCE = { attributes: 1 } as const;
const SCOPE_SPANS = { scope: 1, spans: 2 } as const;
const SCOPE = { name: 1, version: 2 } as const;
const SPAN = {
  traceId: 1,
  spanId: 2,
  traceState: 3,
  parentSpanId: 4,
  name: 5,
  kind: 6,
  startTime: 7,
  endTime: 8,
  attributes: 9,
  droppedAttributes: 10,
  events: 11,
  droppedEvents: 12,
  links: 13,
  droppedLinks: 14,
  status: 15,
  flags: 16,
} as const;
const EVENT = { time: 1, name: 2, attributes: 3, droppedAttributes: 4 } as const;
const LINK = { traceId: 1, spanId: 2, flags: 6 } as const;
const STATUS = { message: 2, code: 3 } as const;
const KEY_VALUE = { key: 1, value: 2 } as const;
const ANY_VALUE = { string: 1, bool: 2, int: 3, double: 4, array: 5 } as const;
const ARRAY_VALUE = { values: 1 } as const;

const INT64_MAX = 2 ** 63;
/** The limits are those of spans, not of what describes the service. */
const UNLIMITED: SpanLimits = { attributesMax: Number.POSITIVE_INFINITY, valueCharsMax: Number.POSITIVE_INFINITY };

/**
 * Writes spans in protobuf, straight from what the gateway has noted: in one pass, with the limits and the meaning that the SDK of
 * OpenTelemetry gives them.
 */
export class SpanEncoder {
  readonly #writer = new ProtobufWriter();
  readonly #repeated = new RepeatedAttributes();
  /** Lists that stand in many spans. */
  readonly #lists = new WeakMap<AttributeList, EncodedList>();
  readonly #limits: SpanLimits;
  readonly #eventLimits: SpanLimits;
  readonly #resource: Uint8Array;
  readonly #scope: Uint8Array;

  constructor({ resource, scope }: SpanOrigin, limits: SpanLimits) {
    this.#limits = limits;
    this.#eventLimits = { ...limits, attributesMax: PARTS_MAX };
    const begun = this.#writer.begin(RESOURCE_SPANS.resource);
    this.#attributes(RESOURCE.attributes, AttributeList.of(resource), UNLIMITED);
    this.#writer.end(begun);
    this.#resource = this.#writer.take();
    const scopeBegun = this.#writer.begin(SCOPE_SPANS.scope);
    this.#writer.text(SCOPE.name, scope.name);
    if (scope.version) this.#writer.text(SCOPE.version, scope.version);
    this.#writer.end(scopeBegun);
    this.#scope = this.#writer.take();
  }

  /** A span as the field of `ScopeSpans` that it becomes. */
  encode(record: SpanRecord): Uint8Array {
    try {
      this.#span(record);
    } catch (error) {
      // What was begun must not stand before the next one.
      this.#writer.take();
      throw error;
    }
    return this.#writer.take();
  }

  /** An `ExportTraceServiceRequest` of spans that were encoded. */
  request(spans: readonly Uint8Array[]): Uint8Array {
    const scopeSpansBytes = spans.reduce((sum, { byteLength }) => sum + byteLength, this.#scope.byteLength);
    this.#writer.head(RESOURCE_SPANS.scopeSpans, scopeSpansBytes);
    const scopeSpans = this.#writer.take();
    const resourceSpansBytes = this.#resource.byteLength + scopeSpans.byteLength + scopeSpansBytes;
    this.#writer.head(REQUEST.resourceSpans, resourceSpansBytes);
    const resourceSpans = this.#writer.take();
    return Buffer.concat([resourceSpans, this.#resource, scopeSpans, this.#scope, ...spans]);
  }

  #span(record: SpanRecord): void {
    const writer = this.#writer;
    const { parent, startMs, endMs, error } = record;
    const begun = writer.begin(SCOPE_SPANS.spans);
    writer.hex(SPAN.traceId, record.traceId);
    writer.hex(SPAN.spanId, record.spanId);
    if (parent !== undefined) {
      const traceState = parent.tracestate === undefined ? "" : new TraceState(parent.tracestate).serialize();
      if (traceState !== "") writer.text(SPAN.traceState, traceState);
      writer.hex(SPAN.parentSpanId, parent.spanId);
    }
    writer.text(SPAN.name, record.name);
    // Those of the API begin with 0, those of OTLP with `SPAN_KIND_UNSPECIFIED`.
    writer.varint(SPAN.kind, record.kind + 1);
    writer.nanoseconds(SPAN.startTime, startMs);
    writer.nanoseconds(SPAN.endTime, Math.max(startMs, endMs));
    const dropped = this.#ofSpan(record.attributes);
    if (dropped > 0) writer.varint(SPAN.droppedAttributes, dropped);
    this.#events(record.events ?? []);
    this.#links(record.links ?? []);
    if (error !== undefined) {
      const status = writer.begin(SPAN.status);
      if (error !== "") writer.text(STATUS.message, error);
      writer.varint(STATUS.code, SpanStatusCode.ERROR);
      writer.end(status);
    }
    const remote = parent?.isRemote === true ? FLAG_IS_REMOTE : 0;
    writer.fixed32(SPAN.flags, TraceFlags.SAMPLED | FLAG_HAS_IS_REMOTE | remote);
    writer.end(begun);
  }

  /** The latest ones, if there are too many. */
  #events(events: readonly SpanEvent[]): void {
    const writer = this.#writer;
    for (const { name, timeMs, attributes } of events.slice(-PARTS_MAX)) {
      const begun = writer.begin(SPAN.events);
      writer.nanoseconds(EVENT.time, timeMs);
      writer.text(EVENT.name, name);
      const dropped = this.#attributes(EVENT.attributes, AttributeList.of(attributes), this.#eventLimits);
      if (dropped > 0) writer.varint(EVENT.droppedAttributes, dropped);
      writer.end(begun);
    }
    if (events.length > PARTS_MAX) writer.varint(SPAN.droppedEvents, events.length - PARTS_MAX);
  }

  #links(links: readonly SpanLink[]): void {
    const writer = this.#writer;
    for (const { traceId, spanId, sampled } of links.slice(-PARTS_MAX)) {
      const begun = writer.begin(SPAN.links);
      writer.hex(LINK.traceId, traceId);
      writer.hex(LINK.spanId, spanId);
      writer.fixed32(LINK.flags, (sampled ? TraceFlags.SAMPLED : TraceFlags.NONE) | FLAG_HAS_IS_REMOTE);
      writer.end(begun);
    }
    if (links.length > PARTS_MAX) writer.varint(SPAN.droppedLinks, links.length - PARTS_MAX);
  }

  /** Returns how many attributes were too many, or had no name. */
  #attributes(field: number, { names, values }: AttributeList, limits: SpanLimits): number {
    let kept = 0;
    for (const [place, name] of names.entries()) {
      const value = values[place];
      if (value === undefined || name === "" || kept >= limits.attributesMax) continue;
      kept++;
      this.#attribute(field, name, value, limits);
    }
    return names.length - kept;
  }

  /** The same for those of a span, most of which stood in one before, and many in a list as a whole. */
  #ofSpan(list: AttributeList): number {
    if (!list.isRepeated) return this.#eachOfSpan(list);
    const known = this.#lists.get(list);
    if (known !== undefined) {
      this.#writer.bytes(known.bytes);
      return known.dropped;
    }
    const from = this.#writer.written;
    const dropped = this.#eachOfSpan(list);
    this.#lists.set(list, { bytes: this.#writer.copySince(from), dropped });
    return dropped;
  }

  #eachOfSpan({ names, values }: AttributeList): number {
    const { attributesMax } = this.#limits;
    let kept = 0;
    for (const [place, name] of names.entries()) {
      const value = values[place];
      if (value === undefined || name === "" || kept >= attributesMax) continue;
      kept++;
      const encoded = this.#repeated.get(name, value);
      if (encoded === undefined) this.#newOfSpan(name, value);
      else this.#writer.bytes(encoded);
    }
    return names.length - kept;
  }

  #newOfSpan(name: string, value: SpanAttributes[string]): void {
    const from = this.#writer.written;
    this.#attribute(SPAN.attributes, name, value, this.#limits);
    if (this.#repeated.isRepeated(name, value)) this.#repeated.keep(name, value, this.#writer.copySince(from));
  }

  #attribute(field: number, name: string, value: SpanAttributes[string], limits: SpanLimits): void {
    const writer = this.#writer;
    const begun = writer.begin(field);
    writer.text(KEY_VALUE.key, name);
    this.#value(KEY_VALUE.value, value, limits.valueCharsMax);
    writer.end(begun);
  }

  #value(field: number, value: SpanAttributes[string], charsMax: number): void {
    const writer = this.#writer;
    const begun = writer.begin(field);
    switch (typeof value) {
      case "string":
        writer.text(ANY_VALUE.string, value.length <= charsMax ? value : value.slice(0, charsMax));
        break;
      case "number":
        if (Number.isInteger(value) && value >= -INT64_MAX && value < INT64_MAX) writer.int64(ANY_VALUE.int, value);
        else writer.double(ANY_VALUE.double, value);
        break;
      case "boolean":
        writer.varint(ANY_VALUE.bool, value ? 1 : 0);
        break;
      default: {
        const array = writer.begin(ANY_VALUE.array);
        for (const each of value) this.#value(ARRAY_VALUE.values, each, charsMax);
        writer.end(array);
      }
    }
    writer.end(begun);
  }
}
