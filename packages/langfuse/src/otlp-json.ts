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
 * hexadecimal digits, times in nanoseconds as decimal strings. Written as text, because there are some thirty attributes a span, and an
 * object for each of them costs more than all the rest.
 */
export function spanJson({ traceId, spanId, parentSpanId, name, startMs, endMs, isError, attributes }: Span): string {
  const parent = parentSpanId === undefined ? "" : `"parentSpanId":"${parentSpanId}",`;
  const ids = `"traceId":"${traceId}","spanId":"${spanId}",${parent}"name":${stringJson(name)},"kind":${CLIENT}`;
  const times = `"startTimeUnixNano":"${nanoseconds(startMs)}","endTimeUnixNano":"${nanoseconds(endMs)}"`;
  const status = isError ? `{"code":${STATUS_ERROR}}` : "{}";
  return `{${ids},${times},"attributes":${attributesJson(attributes)},"status":${status}}`;
}

/** Who sends spans. */
export interface Sender {
  readonly resource: Attributes;
  readonly scope: { readonly name: string; readonly version: string | undefined };
}

/** A function that makes the body of a request of spans in JSON: they are joined as they are, and not serialised again. */
export function requestBody({ resource, scope }: Sender): (spans: readonly Uint8Array[]) => Uint8Array<ArrayBuffer> {
  const start = `{"resourceSpans":[{"resource":{"attributes":${attributesJson(resource)}},"scopeSpans":[{"scope":${JSON.stringify(scope)},"spans":[`;
  const [head, comma, tail] = [Buffer.from(start), Buffer.from(","), Buffer.from("]}]}]}")];
  return (spans) =>
    Buffer.concat([head, ...spans.flatMap((span, index) => (index === 0 ? [span] : [comma, span])), tail]);
}

/** Names are our own, and need no escapes. */
function attributesJson(attributes: Attributes): string {
  let text = "";
  for (const key in attributes) {
    const value = attributes[key];
    if (value === undefined) continue;
    text += `${text === "" ? "[" : ","}{"key":"${key}","value":${valueJson(value)}}`;
  }
  return text === "" ? "[]" : `${text}]`;
}

function valueJson(value: Exclude<AttributeValue, undefined>): string {
  if (typeof value === "string") return `{"stringValue":${stringJson(value)}}`;
  if (typeof value === "boolean") return `{"boolValue":${value}}`;
  return Number.isSafeInteger(value) ? `{"intValue":${value}}` : `{"doubleValue":${JSON.stringify(value)}}`;
}

/** Half of a surrogate pair, which a cut may leave, is no UTF-8, and would make the whole batch invalid. */
function stringJson(text: string): string {
  return JSON.stringify(text.toWellFormed());
}

function nanoseconds(ms: number): string {
  // A double holds microseconds since the epoch, and no nanoseconds.
  return `${BigInt(Math.round(ms * 1_000))}000`;
}
