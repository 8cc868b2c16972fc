/** What an attribute of a span may be here; `undefined` leaves it out. */
export type AttributeValue = string | number | boolean | undefined;
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** One observation on its way: a span of OTLP. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  /** Milliseconds since the epoch, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  readonly isError: boolean;
  readonly attributes: Attributes;
}

/** `SPAN_KIND_CLIENT`: the gateway asks a server. */
const CLIENT = 3;
/** `STATUS_CODE_OK` would be a judgement of the user; successes are left unset. */
const STATUS_ERROR = 2;

/**
 * A span as one object of OTLP in JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in lower-case
 * hexadecimal digits, times in nanoseconds as decimal strings.
 */
export function spanJson(span: Span): string {
  return JSON.stringify({
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    name: span.name,
    kind: CLIENT,
    startTimeUnixNano: nanoseconds(span.startMs),
    endTimeUnixNano: nanoseconds(span.endMs),
    attributes: keyValues(span.attributes),
    status: span.isError ? { code: STATUS_ERROR } : {},
  });
}

/** Who sends spans. */
export interface Sender {
  readonly resource: Attributes;
  readonly scope: { readonly name: string; readonly version: string | undefined };
}

/** A function that makes the body of a request of spans in JSON: they are joined as they are, and not serialised again. */
export function requestBody({ resource, scope }: Sender): (spans: readonly Uint8Array[]) => Uint8Array<ArrayBuffer> {
  const attributes = JSON.stringify(keyValues(resource));
  const start = `{"resourceSpans":[{"resource":{"attributes":${attributes}},"scopeSpans":[{"scope":${JSON.stringify(scope)},"spans":[`;
  const [head, comma, tail] = [Buffer.from(start), Buffer.from(","), Buffer.from("]}]}]}")];
  return (spans) =>
    Buffer.concat([head, ...spans.flatMap((span, index) => (index === 0 ? [span] : [comma, span])), tail]);
}

function keyValues(attributes: Attributes): readonly object[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: anyValue(value) }],
  );
}

function anyValue(value: Exclude<AttributeValue, undefined>): object {
  // Half of a surrogate pair, which a cut may leave, is no UTF-8, and would make the whole batch invalid.
  if (typeof value === "string") return { stringValue: value.toWellFormed() };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: value } : { doubleValue: value };
}

function nanoseconds(ms: number): string {
  // A double holds microseconds since the epoch, and no nanoseconds.
  return `${BigInt(Math.round(ms * 1_000))}000`;
}
