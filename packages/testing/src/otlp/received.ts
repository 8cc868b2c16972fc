import type { OtlpSignal, ProtoMessage } from "./services.ts";

/** One export as it arrived. */
export interface ReceivedExport {
  readonly signal: OtlpSignal;
  readonly protocol: "http" | "grpc";
  /** Path of the request over HTTP, and of the method over gRPC. */
  readonly path: string;
  /** Header fields over HTTP, metadata over gRPC; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The decoded `Export…ServiceRequest`. */
  readonly message: ProtoMessage;
}

/** Attributes with plain values: integers as `bigint`, because they have 64 bits, and everything else as its JSON type or a buffer. */
export type ReceivedAttributes = Readonly<Record<string, unknown>>;

interface Received {
  readonly resource: ReceivedAttributes;
  readonly scope: { readonly name: string; readonly version: string };
}

/** A span; ids in lower-case hex, times in nanoseconds since the epoch. */
export interface ReceivedSpan extends Received {
  readonly traceId: string;
  readonly spanId: string;
  /** `undefined` for a root. */
  readonly parentSpanId: string | undefined;
  readonly traceState: string;
  readonly flags: number;
  readonly name: string;
  /** Such as `SPAN_KIND_SERVER`. */
  readonly kind: string;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: ReceivedAttributes;
  readonly droppedAttributesCount: number;
  readonly events: readonly {
    readonly name: string;
    readonly timeUnixNano: bigint;
    readonly attributes: ReceivedAttributes;
  }[];
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes: ReceivedAttributes;
  }[];
  /** Such as `STATUS_CODE_ERROR`. */
  readonly status: { readonly code: string; readonly message: string };
}

/** A log record; ids in lower-case hex and empty when absent, times in nanoseconds since the epoch. */
export interface ReceivedLogRecord extends Received {
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  /** Such as `SEVERITY_NUMBER_INFO`. */
  readonly severityNumber: string;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: unknown;
  readonly attributes: ReceivedAttributes;
  readonly droppedAttributesCount: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

/** The spans of an export of traces. */
export const spansOf = once(({ message }): readonly ReceivedSpan[] =>
  itemsOf(message, { groups: "resourceSpans", scopes: "scopeSpans", items: "spans" }).map(([span, received]) => ({
    ...received,
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId) || undefined,
    traceState: String(span.traceState),
    flags: Number(span.flags),
    name: String(span.name),
    kind: String(span.kind),
    startTimeUnixNano: nanoseconds(span.startTimeUnixNano),
    endTimeUnixNano: nanoseconds(span.endTimeUnixNano),
    attributes: attributesOf(span.attributes),
    droppedAttributesCount: Number(span.droppedAttributesCount),
    events: list(span.events).map((event) => ({
      name: String(event.name),
      timeUnixNano: nanoseconds(event.timeUnixNano),
      attributes: attributesOf(event.attributes),
    })),
    links: list(span.links).map((link) => ({
      traceId: hex(link.traceId),
      spanId: hex(link.spanId),
      attributes: attributesOf(link.attributes),
    })),
    status: statusOf(span.status),
  })),
);

/** The log records of an export of logs. */
export const logRecordsOf = once(({ message }): readonly ReceivedLogRecord[] => {
  const fields = { groups: "resourceLogs", scopes: "scopeLogs", items: "logRecords" };
  return itemsOf(message, fields).map(([log, received]) => ({
    ...received,
    timeUnixNano: nanoseconds(log.timeUnixNano),
    observedTimeUnixNano: nanoseconds(log.observedTimeUnixNano),
    severityNumber: String(log.severityNumber),
    severityText: String(log.severityText),
    eventName: String(log.eventName),
    body: plain(log.body),
    attributes: attributesOf(log.attributes),
    droppedAttributesCount: Number(log.droppedAttributesCount),
    traceId: hex(log.traceId),
    spanId: hex(log.spanId),
    flags: Number(log.flags),
  }));
});

/** Reads each export once: a test that waits looks at all of them again and again. */
function once<Read>(read: (received: ReceivedExport) => Read): (received: ReceivedExport) => Read {
  const known = new WeakMap<ReceivedExport, Read>();
  return (received) => {
    const before = known.get(received);
    if (before !== undefined) return before;
    const now = read(received);
    known.set(received, now);
    return now;
  };
}

/** All signals are laid out alike: groups by resource, in them groups by scope, in those the items. */
function itemsOf(
  message: ProtoMessage,
  { groups, scopes, items }: { readonly groups: string; readonly scopes: string; readonly items: string },
): readonly (readonly [ProtoMessage, Received])[] {
  return list(message[groups]).flatMap((group) => {
    const resource = attributesOf(record(group.resource).attributes);
    return list(group[scopes]).flatMap((scoped) => {
      const { name = "", version = "" } = record(scoped.scope);
      const scope = { name: String(name), version: String(version) };
      return list(scoped[items]).map((item) => [item, { resource, scope }] as const);
    });
  });
}

function attributesOf(pairs: unknown): ReceivedAttributes {
  return Object.fromEntries(list(pairs).map(({ key, value }) => [String(key), plain(value)]));
}

function plain(any: unknown): unknown {
  const value = record(any);
  switch (value.value) {
    case "stringValue":
    case "boolValue":
    case "doubleValue":
    case "bytesValue":
      return value[value.value];
    case "intValue":
      return BigInt(String(value.intValue));
    case "arrayValue":
      return list(record(value.arrayValue).values).map(plain);
    case "kvlistValue":
      return attributesOf(record(value.kvlistValue).values);
    default:
      return undefined;
  }
}

function statusOf(status: unknown): ReceivedSpan["status"] {
  const { code = "STATUS_CODE_UNSET", message = "" } = record(status);
  return { code: String(code), message: String(message) };
}

function hex(bytes: unknown): string {
  return Buffer.isBuffer(bytes) ? bytes.toString("hex") : "";
}

function nanoseconds(value: unknown): bigint {
  return BigInt(String(value));
}

function list(value: unknown): readonly ProtoMessage[] {
  // Repeated fields of messages are arrays of messages.
  return Array.isArray(value) ? (value as readonly ProtoMessage[]) : [];
}

function record(value: unknown): ProtoMessage {
  return typeof value === "object" && value !== null ? (value as ProtoMessage) : {};
}
